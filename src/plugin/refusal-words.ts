import { oneLine } from '../text/one-line.ts';

/** What kubectl said when it failed. */
export interface Refusal {
  kind: 'NotFound' | 'Forbidden' | 'AlreadyExists' | 'NotInstalled' | 'Unreachable' | 'Other';
  /** One printable line a reason. */
  lines: string[];
}

const MAX_LINE = 2_000;
/** Words of kubectl that tell a person nothing. `kubectl logs` writes them small, and behind `error: `. */
const PREFIX = /^(error: |Error from server(?: \((\w+)\))?: )/i;
const ABOUT_FILE = /^error when (?:creating|retrieving|applying patch[^:]*) "[^"]*": /;
/** The name of the admission policy of this project that refuses; its words say it all. */
const OUR_ADMISSION =
  /^(?:\w+(?:\.[\w.-]+)? "[^"]*" is forbidden: )?ValidatingAdmissionPolicy 'debugsession-[\w-]+' with binding '[^']*' denied request: /;

/** Reads the standard error of a kubectl that failed. `code` stands in where it said nothing. */
export function refusalOf(said: string, code: number): Refusal {
  const kept = said
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^Warning: /.test(line) && !/^[EWI]\d{4} /.test(line));
  const lines = kept.flatMap(reasonsOf).map((line) => oneLine(line, MAX_LINE));
  const first = kept[0] ?? '';
  const kind = kindOf(kept.join('\n'));
  if (kind === 'NotInstalled') {
    return {
      kind,
      lines: [
        'DebugSession is not installed in this cluster, or in an older version: ask its administrators (docs/install.md)',
      ],
    };
  }
  if (first === '') return { kind, lines: [`kubectl failed with exit code ${code} and said nothing`] };
  return { kind, lines };
}

function kindOf(said: string): Refusal['kind'] {
  if (/doesn't have a resource type "debug|no matches for kind "Debug/.test(said)) return 'NotInstalled';
  // The answer to a path of a resource that is not served.
  if (/^(?:error: )?Error from server \(NotFound\): the server could not find the requested resource/im.test(said))
    return 'NotInstalled';
  if (/^(?:error: )?Error from server \(AlreadyExists\)/im.test(said)) return 'AlreadyExists';
  if (/^(?:error: )?Error from server \(NotFound\)/im.test(said)) return 'NotFound';
  if (/^(?:error: )?Error from server \(Forbidden\)/im.test(said) || /is forbidden: /.test(said)) return 'Forbidden';
  if (/^(The connection to the server|Unable to connect to the server)/m.test(said)) return 'Unreachable';
  return 'Other';
}

/** The version of the CRD in the cluster does not know what this one writes. */
const UNKNOWN_FIELD = /strict decoding error: .*?unknown field "([^"]*)"/;

function reasonsOf(line: string): string[] {
  const [, field] = UNKNOWN_FIELD.exec(line) ?? [];
  if (field !== undefined) {
    return [
      `the DebugSession of this cluster has no field ${field}: it is older than this kubectl dbg, or the name is mistyped`,
    ];
  }
  const plain = line.replace(PREFIX, '').replace(ABOUT_FILE, '').replace(PREFIX, '').replace(OUR_ADMISSION, '');
  // `The DebugSession "web" is invalid:` stands above its reasons, each behind a star.
  if (/^The \w+ "[^"]*" is invalid: *$/.test(plain)) return [];
  const [, denial, reasons] = DENIED.exec(plain) ?? [];
  if (denial !== undefined && reasons !== undefined) return [`${denial}:`, ...reasons.split('; ')];
  return [plain.replace(/^\* /, '').replace(/^The \w+ "[^"]*" is invalid: /, '')];
}

/** The verdict of a DebugPolicy (config/admission/verdict-policy.yaml). */
const DENIED = /^(DebugPolicy \S+ does not allow this): (.*)$/;
const DENIAL = /^DebugPolicy \S+ does not allow this:$/;

/** The reasons of a DebugPolicy, without the line above them; undefined: the lines of a refusal say something else. */
export function deniedReasons([first = '', ...reasons]: readonly string[]): string[] | undefined {
  return DENIAL.test(first) ? reasons : undefined;
}
