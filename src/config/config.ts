import { parseArgs } from 'node:util';
import { type Config, type Flag, FLAGS } from './flags.ts';
import { isLoopback, quote } from './values.ts';
import { nearest } from '../text/nearest.ts';

export type ConfigOutcome =
  | { kind: 'ok'; config: Config }
  | { kind: 'help'; text: string }
  | { kind: 'version' }
  | { kind: 'error'; faults: string[] };

const ROWS: readonly Flag<unknown>[] = Object.values(FLAGS);
const ASKING = ['help', 'version'];
const KNOWN = [...ROWS.map((flag) => flag.name), ...ASKING];

/** DEBUGSESSION_LEADER_ELECT for leader-elect. */
function environmentName(flag: Flag<unknown>): string {
  return `DEBUGSESSION_${flag.name.toUpperCase().replaceAll('-', '_')}`;
}

/**
 * The command line as far as it can be told apart: texts by flag name, what was asked for, and what is wrong with it.
 */
interface CommandLine {
  texts: Map<string, string>;
  help: boolean;
  version: boolean;
  faults: string[];
}

function readCommandLine(argv: readonly string[]): CommandLine {
  // A word with one dash would be taken for a group of one-letter flags, of which there is -h only.
  const oneDash = argv.filter((word) => /^-[^-]/.test(word) && word !== '-h');
  const args = argv.filter((word) => !oneDash.includes(word));
  // Not strict: that would throw at the first fault, and all are to be reported together.
  const { tokens } = parseArgs({
    args,
    strict: false,
    tokens: true,
    options: Object.fromEntries(ROWS.map((flag) => [flag.name, { type: flag.value ? 'string' : 'boolean' } as const])),
  });
  const line: CommandLine = { texts: new Map(), help: false, version: false, faults: oneDash.map(unknownFlag) };
  for (const token of tokens) {
    if (token.kind === 'positional') {
      line.faults.push(`unexpected argument ${quote(token.value)}: the operator takes flags only`);
    }
    if (token.kind === 'option') readOption(line, args[token.index] ?? '', token);
  }
  return line;
}

function readOption(
  line: CommandLine,
  word: string,
  token: { name: string; value?: string | undefined; inlineValue?: boolean | undefined },
): void {
  const { name, value } = token;
  if (word === '-h' || word === '--help') {
    line.help = true;
  } else if (word === '--version') {
    line.version = true;
  } else if (!word.startsWith('--') || !ROWS.some((flag) => flag.name === name)) {
    line.faults.push(unknownFlag(word));
  } else if (value === undefined || (!token.inlineValue && value.startsWith('--'))) {
    // A switch without a value is on; anything else has lost its value, perhaps to an empty shell variable.
    const isSwitch = ROWS.some((flag) => flag.name === name && flag.value === undefined);
    if (isSwitch) line.texts.set(name, 'true');
    else line.faults.push(`--${name} needs a value: --${name}=...`);
  } else {
    line.texts.set(name, value);
  }
}

function unknownFlag(word: string): string {
  const name = word.replace(/^-+/, '').replace(/=.*$/s, '');
  const guess = nearest(name, KNOWN);
  const hint = guess === undefined ? 'see --help' : `did you mean --${guess}?`;
  return `unknown flag ${quote(word.replace(/=.*$/s, ''))}: ${hint}`;
}

/**
 * As client-go's NewLeaderElector demands (tools/leaderelection, JitterFactor 1.2): else a leader could still write
 * after another has taken its place, or give up before its second try.
 */
function orderFaults(config: Partial<Config>): string[] {
  const { leaseDuration, renewDeadline, retryPeriod } = config;
  if (leaseDuration === undefined || renewDeadline === undefined || retryPeriod === undefined) return [];
  const faults: string[] = [];
  if (leaseDuration <= renewDeadline) {
    faults.push('--leader-election-lease-duration must be greater than --leader-election-renew-deadline');
  }
  if (renewDeadline <= 1.2 * retryPeriod) {
    faults.push('--leader-election-renew-deadline must be greater than 1.2 times --leader-election-retry-period');
  }
  return faults;
}

/** Without TLS anybody on the way could read them, and nobody is asked who they are. */
function plainFaults({ metricsBindAddress, metricsSecure }: Partial<Config>): string[] {
  if (metricsBindAddress === undefined || metricsSecure !== false || isLoopback(metricsBindAddress)) return [];
  return ['--metrics-secure=false needs a loopback address: --metrics-bind-address=127.0.0.1:8080'];
}

/**
 * The configuration out of the words after the program's name and the environment. A flag wins over
 * DEBUGSESSION_<FLAG>, and that over the default; an empty variable counts as not set; of a flag given twice the last
 * counts. All faults are reported together, each on one line. Unknown DEBUGSESSION_ variables are no fault: Kubernetes
 * itself makes DEBUGSESSION_SERVICE_HOST and the like for a Service of that name.
 */
export function parseConfig(argv: readonly string[], env: Record<string, string | undefined>): ConfigOutcome {
  const line = readCommandLine(argv);
  if (line.help) return { kind: 'help', text: helpText() };
  if (line.version) return { kind: 'version' };

  const { faults } = line;
  const values: [string, unknown][] = [];
  for (const [key, flag] of Object.entries<Flag<unknown>>(FLAGS)) {
    const variable = env[environmentName(flag)] || undefined;
    const given = line.texts.get(flag.name);
    const parsed = flag.parse(given ?? variable ?? flag.default);
    if (parsed.ok) values.push([key, parsed.value]);
    else faults.push(`${given === undefined ? environmentName(flag) : `--${flag.name}`} ${parsed.fault}`);
  }
  // The type of FLAGS says that each key has a parser of its own type.
  const config = Object.fromEntries(values) as Partial<Config>;
  faults.push(...orderFaults(config), ...plainFaults(config));
  return faults.length === 0 ? { kind: 'ok', config: config as Config } : { kind: 'error', faults };
}

/** Two lines a flag: its name and default, then its meaning and the variable. At most 120 columns. */
function helpText(): string {
  const rows = ROWS.map((flag) => {
    const head = flag.value === undefined ? `--${flag.name}` : `--${flag.name}=${flag.value}`;
    const preset = flag.default === '' ? '' : ` (default ${flag.default})`;
    return `  ${head}${preset}\n      ${flag.meaning}\n      Environment: ${environmentName(flag)}`;
  });
  return [
    'Runs the DebugSession operator: debug containers in running pods, as a declared resource.',
    '',
    'Usage: node dist/main.js [--flag=value ...]',
    '',
    'A flag wins over its environment variable. Durations are written as 15s, 1m30s or 500ms,',
    'addresses as :8080, 127.0.0.1:8080 or [::1]:8080.',
    '',
    ...rows,
    '  --version\n      Print the version and exit.',
    '  -h, --help\n      Print this and exit.',
    '',
  ].join('\n');
}
