import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { repositoryPath } from './crd.ts';

export interface Health {
  status: string;
  message: string;
}

const interpreter = 'lua5.4';

/**
 * Argo CD gives a health script `obj` and the base library, table, string and math; no files, no processes, no modules.
 */
const HARNESS = `
local environment = {
  obj = dofile(), -- standard input
  ipairs = ipairs, pairs = pairs, next = next, type = type, tostring = tostring, tonumber = tonumber,
  string = string, table = table, math = math, error = error, select = select,
}
local script = assert(loadfile(SCRIPT, "t", environment))
local health = script()
io.write(tostring(health.status), "\\n", tostring(health.message))
`;

/**
 * Runs config/argocd/health.lua over one object, as Argo CD would. Throws when there is no Lua interpreter, or with
 * what Lua says.
 */
export function argocdHealth(object: unknown): Health {
  const script = repositoryPath('config/argocd/health.lua');
  const input = `return ${luaLiteral(object)}`;
  const { error, status, stdout, stderr } = spawnSync(
    interpreter,
    ['-e', `SCRIPT = ${luaLiteral(script)}\n${HARNESS}`],
    { input, encoding: 'utf8' },
  );
  if (error !== undefined && 'code' in error && error.code === 'ENOENT') {
    throw new Error(`cannot run ${interpreter}: install the Debian package lua5.4 (apt-get install lua5.4)`, {
      cause: error,
    });
  }
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`health.lua: ${stderr.trim()}`);
  const [word = '', ...message] = stdout.split('\n');
  return { status: word, message: message.join('\n') };
}

/** The health script, word for word. */
export function healthScript(): string {
  return readFileSync(repositoryPath('config/argocd/health.lua'), 'utf8');
}

/** A JSON value as a Lua expression. Null is nil, as Argo CD's own conversion makes it. */
function luaLiteral(value: unknown): string {
  if (Array.isArray(value)) return `{ ${value.map(luaLiteral).join(', ')} }`;
  if (value === null || value === undefined) return 'nil';
  if (typeof value === 'object') {
    const fields = Object.entries(value).map(([key, field]) => `[${luaLiteral(key)}] = ${luaLiteral(field)}`);
    return `{ ${fields.join(', ')} }`;
  }
  if (typeof value === 'string') return `"${[...Buffer.from(value)].map((byte) => `\\x${hex(byte)}`).join('')}"`;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new TypeError(`not a JSON value: ${typeof value}`);
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
