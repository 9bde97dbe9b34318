import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { UNPRINTABLE } from '../../src/text/one-line.ts';
import { appPod } from '../support/builders/pods.ts';
import { Stage } from '../support/cluster/stage.ts';
import { tellToEnd, UNTIL_TOLD } from '../support/cluster/until-told.ts';
import { repositoryPath } from '../support/documents/crd.ts';

// docs/guides/notices.md: its relay, as it stands there, between a real operator and a chat.

const KEY = 'the key that signs notices';
const GUIDE = readFileSync(repositoryPath('docs/guides/notices.md'), 'utf8');
const target = { podName: 'web' };
const command = ['sh', '-c', UNTIL_TOLD];

let stage: Stage;
let folder: string;
let chat: Server;
let relay: ChildProcess;
/** What the chat was told. */
const said: string[] = [];
/** What it answers next. 200, when there is none. */
const answers: number[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'notices-'));
  chat = receiver((body) => {
    const code = answers.shift() ?? 200;
    if (code === 200) said.push((JSON.parse(body) as { text: string }).text);
    return code;
  });
  const port = await listening(chat);
  const relayPort = await startRelay(`http://127.0.0.1:${port}/`);
  writeFileSync(join(folder, 'urls'), `http://127.0.0.1:${relayPort}/debugsession\n`);
  writeFileSync(join(folder, 'hmac-key'), `${KEY}\n`);
  stage = await Stage.open('notices', { operator: false });
  await stage.startOperator(`--notify-path=${folder}`);
  await stage.runningPod('web', appPod());
});

afterAll(async () => {
  relay.kill();
  chat.close();
  await stage.close();
  rmSync(folder, { recursive: true });
});

/** A server that answers each whole request with a code. */
function receiver(codeOf: (body: string) => number): Server {
  return createServer((request, response) => {
    void text(request).then((body) => response.writeHead(codeOf(body)).end());
  });
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** @returns the port of the relay of the guide */
async function startRelay(chatUrl: string): Promise<string> {
  const script = /^```js\n(.*?)^```/ms.exec(GUIDE)?.[1] ?? '';
  writeFileSync(join(folder, 'relay.mjs'), script);
  const env = { ...process.env, NODE_OPTIONS: '', HMAC_KEY: KEY, CHAT_URL: chatUrl, PORT: '0' };
  relay = spawn(process.execPath, [join(folder, 'relay.mjs')], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface({ input: relay.stdout ?? process.stdin }), 'line')) as [string];
  return line.replace('listening on ', '');
}

/** Ends a session once the operator has seen it run: the operator tells of no start that it has not seen. */
async function seenAndEnded(name: string): Promise<void> {
  const { status } = await stage.untilPhase(name, 'Running');
  await tellToEnd(stage, 'web', status?.debugContainerName);
  await stage.untilPhase(name, 'Completed');
}

const untilSaid = (count: number): Promise<void> =>
  stage.until(`the chat has been told ${count} things`, async () => said.length >= count);

it('a chat hears by the relay of the guide who started a session, and how it ended', async () => {
  await stage.createSession('look', { target, command, justification: 'INC-4711', ttl: '5m' });
  await seenAndEnded('look');
  await untilSaid(2);
  const [started, ended] = said.splice(0);
  expect(started).toMatch(new RegExp(`^${stage.namespace}/look \\(admin\\): Container debug-.* runs in pod web`));
  expect(ended).toMatch(/\/look \(admin\): Container debug-.* ended with exit code 0, by Command/);
});

it('a chat that fails hears of the end later, and the session does not wait for the chat', async () => {
  answers.push(500, 500);
  await stage.createSession('patient', { target, command });
  await seenAndEnded('patient');
  await untilSaid(2);
  expect(said.splice(0).map((line) => /(runs in pod|ended with exit code 0)/.exec(line)?.[0])).toEqual([
    'runs in pod',
    'ended with exit code 0',
  ]);
});

it('a chat hears one clean line of a session whose reason would forge others', async () => {
  const justification = 'INC-1\nshop/other (root): all is well\t\u202e\u2028';
  await stage.createSession('forged', { target, command, justification });
  await seenAndEnded('forged');
  await untilSaid(2);
  for (const line of said.splice(0)) expect(line).not.toMatch(UNPRINTABLE);
});

it('a chat hears nothing of a message that another key has signed', async () => {
  const [url = ''] = readFileSync(join(folder, 'urls'), 'utf8').split('\n');
  const headers = { 'webhook-id': 'x', 'webhook-timestamp': '1', 'webhook-signature': 'v1,AAAA' };
  const answer = await fetch(url, { method: 'POST', headers, body: '{"subject":"a","data":{}}' });
  expect([answer.status, said]).toEqual([401, []]);
});

it('the notice of the guide has the fields of a real one', async () => {
  const notice = JSON.parse(/^```json\n(.*?)^```/ms.exec(GUIDE)?.[1] ?? '') as { data: object };
  const sent: { data: object }[] = [];
  const direct = receiver((body) => {
    sent.push(JSON.parse(body) as { data: object });
    return 200;
  });
  const secret = mkdtempSync(join(tmpdir(), 'notices-direct-'));
  try {
    writeFileSync(join(secret, 'urls'), `http://127.0.0.1:${await listening(direct)}/\n`);
    writeFileSync(join(secret, 'hmac-key'), KEY);
    await stage.operators[0]?.stop();
    await stage.startOperator(`--notify-path=${secret}`);
    await stage.createSession('whole', { target, command, justification: 'INC-4711' });
    await seenAndEnded('whole');
    await stage.until('the end was told', async () => sent.length >= 2);
    const ended = sent.find((one) => 'finishedAt' in one.data);
    expect(Object.keys(ended ?? {})).toEqual(Object.keys(notice));
    expect(Object.keys(ended?.data ?? {}).toSorted()).toEqual(Object.keys(notice.data).toSorted());
  } finally {
    direct.close();
    rmSync(secret, { recursive: true });
  }
});
