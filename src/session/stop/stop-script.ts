import { CLOCK, joinParts, LETTER_NAME, MARK, WATCHDOG_NAME } from '../container/supervisor-script.ts';
import { STOPPED } from '../container/supervisor.ts';

// What is run inside a debug container, by exec, to end it or to give it another ttl. The arguments of an exec are not
// expanded by the kubelet: unlike the supervisor's, these words are sent as they are written.

/**
 * The ways to get a shell, in the order in which they are worth trying: where one is missing, exec says so and the next
 * is tried. By their paths first: what is found by a name is found by the PATH of the container, which may lead to a
 * folder that the command can write to.
 */
export const SHELLS: readonly (readonly string[])[] = [
  ['/bin/sh'],
  ['/bin/busybox', 'sh'],
  // Where distroless:debug and busybox' static images keep it.
  ['/busybox/sh'],
  ['/bin/bash'],
  // Elsewhere, as in images of Nix.
  ['sh'],
  ['bash'],
];

/**
 * A process is ours when it is in the control group of this container, or below it. No process leaves that without
 * rights over the node, and the runtime itself ends whatever is in it together with the container. The mount namespace
 * does not tell: an exec joins the namespaces that the container's first process has now, and `nsenter -t 1 -m` as a
 * first process has those of the application (docs/adr/0023). The script asks it right before each signal, with nothing
 * but builtins in between. What cannot be asked is not ours; neither is this shell, nor a process that is dead.
 *
 * - The traps: whoever stops the container at the same time would end us. Two that stop it do no harm to each other,
 *   until KILL.
 * - `_known`: our control group bears the container's ID. `_h` is the hierarchy that tells (cgroup v1 has many), `_top`
 *   our path in it. In a control group namespace of its own the path is `/`, kept as an empty `_top`; what lies outside
 *   begins with `/..`.
 * - `_mount`: the container's own termination log is mounted here. Only then a word is written into it. Bash makes the
 *   kernel list the mounts anew for each line, so it misses lines when a mount goes meanwhile. Hence the three tries.
 * - `_each SIGNAL` signals ours, and counts them: `0` only counts.
 * - `_spin`: a tenth of a second of builtins alone. The end of the container is ours, and a `sleep` that lost its
 *   parent so would stay a zombie in a joined process namespace. So wherever the end may come any moment nothing else
 *   will do; mostly it is a matter of milliseconds.
 * - `_pause`: where it may take long. `sleep` may be missing, and POSIX promises no fractions.
 * - `_home`: whether the control group of this shell is the container's. The ID shows it. Without the ID the path has
 *   to begin at the root of a control group namespace, and below that root the mounts have to show it. Process 1 is
 *   ours only with our mounts, as in a process namespace of our own. Else the control groups tell nothing apart, or
 *   somebody has moved the application into ours. /proc may also be of another process namespace. In doubt nothing is
 *   signalled.
 */
const WORDS = `
_name=$1 _id=$2 _known= _h= _top= _mount=
shift 2
exec 2>/dev/null
trap '' HUP INT TERM
while IFS=: read -r _i _x _g; do
  [ "$_h" ] || _h=$_i _top=$_g
  [ $_known ] || [ ! "$_id" ] || case $_g in
  *"$_id"*) _h=$_i _top=$_g _known=1 ;;
  esac
done </proc/self/cgroup
[ "$_top" != / ] || _top=
for _k in 1 2 3; do
  [ $_mount ] || while read -r _x _x _x _g _i _x; do
    [ "$_i" != /dev/termination-log ] || case $_g in
    */containers/"$_name"/*) _mount=1 ;;
    *) _mount= ;;
    esac
  done </proc/self/mountinfo
done
${MARK}
[ $_mount ] || _mark() { :; }
${CLOCK}
_in() {
  while IFS=: read -r _i _x _g; do
    [ "$_i" != "$_h" ] || case $_g in
    "$_top"/..*) return 1 ;;
    "$_top" | "$_top"/*) return 0 ;;
    *) return 1 ;;
    esac
  done </proc/$1/cgroup
  return 1
}
_same() {
  _in $1 && read -r _g </proc/$1/stat || return
  case \${_g##*) } in
  [ZX]*) return 1 ;;
  esac
}
_ours() { [ $1 != $$ ] && _same $1; }
_each() {
  _n=0
  for _d in /proc/[0-9]*; do
    _ours \${_d#/proc/} || continue
    kill -$1 \${_d#/proc/}
    _n=$((_n + 1))
  done
}
_spin() {
  _clock
  _until=$((_up + 10))
  while _clock && [ $_up -lt $_until ]; do :; done
}
_pause() { sleep .1 || _spin; }
_home() {
  read -r _s </proc/self/stat
  [ "\${_s%% *}" = $$ ] && [ "$_h" ] && _same $$ || return
  case $_known:$_mount:$_top in
  1:* | ::) ;;
  ::* | :1:/..*) return 1 ;;
  esac
  ! _in 1 || { [ $_mount ] && [ /proc/1/ns/mnt -ef /proc/self/ns/mnt ]; }
}
_home || { echo Blind; exit 1; }
`;

/**
 * `_tell SIGNAL` signals the supervisor: of its name, ours, and with a parent that is not. The name alone would not do:
 * anything may call itself so. Succeeds if there is one.
 */
const TELL = `
_parent() {
  read -r _s </proc/$1/stat || return
  set -- \${_s##*) }
  _pp=$2 _start=\${20}
}
_tell() {
  _told=
  for _d in /proc/[0-9]*; do
    _p=\${_d#/proc/} _c=
    read -r _c <$_d/comm
    [ "$_c" = ${WATCHDOG_NAME} ] && _parent $_p && ! _same $_pp && _ours $_p && kill -$1 $_p && _told=$_p
  done
  [ $_told ]
}
`;

/**
 * The watchdog is asked first: it ends the command within 3 s, and the supervisor reaps what it ends, which nobody may
 * do in a joined process namespace. If there is none, or it is deaf, all are signalled: HUP, a second later TERM, and
 * after the grace KILL. Usually no answer is ever given, because the end of the container is our own.
 *
 * The word is not written where it stands: of two that stop it, the one would be killed by what the other has ended,
 * with the log emptied and not yet written. It is taken back where something lives on, as does process 1 of its own
 * namespace without handlers, which is immune even to KILL from within: when it ends some day it was not we who ended
 * it.
 */
const STOP = `
_await() {
  _clock
  _end=$((_up + $2))
  while _each 0; [ $_n -gt 0 ]; do
    _clock && [ $_up -lt $_end ] || return
    $1
  done
  echo Survived 0
  exit
}
_tell USR1 && _await _spin 500
_w=
read -r _w </dev/termination-log
[ "$_w" = ${STOPPED} ] || _mark ${STOPPED}
_each HUP
_await _spin 100
_each TERM
_await _pause \${1}00
_each KILL
_await _spin 200
_mark -n
echo Survived $_n
exit 1
`;

/**
 * A supervisor that has begun a moment ago may still be at its checks: it is waited for.
 *
 * The letter is the name of this process: the new end, in seconds since boot. It is reckoned from the start of the
 * container's first process, however often the ttl changes. A USR2 back is the answer (supervisor-script.ts, `_heed`).
 * Where an end is under way nothing answers: no ttl changes that.
 */
const TTL = `
_clock
_end=$((_up + 300))
until _tell 0; do
  _clock && [ $_up -lt $_end ] || { echo NoWatchdog; exit 1; }
  _spin
done
_parent $_told
while read -r _k _boot _x; do [ "$_k" != btime ] || break; done </proc/stat
_until=$(((_start + 99) / 100 + $1))
[ $((_boot + _until)) -le $2 ] || _until=$(($2 - _boot))
[ $_until -gt 0 ] || _until=0
_yes=
trap _yes=1 USR2
echo -n ${LETTER_NAME}$_until >/proc/self/comm
_tell USR2
_clock
_end=$((_up + 500))
until [ $_yes ]; do
  _clock && [ $_up -lt $_end ] || { echo Unheard; exit 1; }
  _spin
done
echo Changed
`;

/** Where exec has landed among the mounts of another container, nobody is told of a ttl. */
const LETTER = `
[ $_mount ] || { echo Blind; exit 1; }
`;

const STOP_SCRIPT = joinParts([WORDS, TELL, STOP]);
const TTL_SCRIPT = joinParts([WORDS, LETTER, TELL, TTL]);

/** The container that is meant, as the script looks for it where it runs. */
export interface Meant {
  /** Its name in the pod's spec: the kubelet mounts its termination log from a folder of that name. */
  name: string;
  /**
   * As the kubelet reports it (`containerd://1f...`): runtimes name the control group after it. Without it the mounts
   * have to tell.
   */
  containerID?: string | undefined;
}

/** The ID without its runtime; empty where it is none. */
function bareID(containerID = ''): string {
  return /^[\w.-]+:\/\/([\w.-]{12,})$/.exec(containerID)?.[1] ?? '';
}

/**
 * Ends every process of the container, and no other, within about 10 s.
 * @param shell one of {@link SHELLS} @param graceSeconds between TERM and KILL, whole; default 2. @returns the command
 * of an exec
 */
export function stopCommand(
  shell: readonly string[],
  { name, containerID }: Meant,
  { graceSeconds = 2 }: { graceSeconds?: number } = {},
): readonly string[] {
  return [...shell, '-c', STOP_SCRIPT, 'stop', name, bareID(containerID), String(graceSeconds)];
}

/**
 * Gives the command that runs under a supervisor another ttl, within about 5 s. An end that has passed already ends it
 * at once.
 * @param shell one of {@link SHELLS} @returns the command of an exec
 */
export function ttlCommand(
  shell: readonly string[],
  { name, containerID }: Meant,
  {
    ttlSeconds,
    lastMoment,
  }: {
    /** From the supervisor's start, whole. */ ttlSeconds: number;
    /** In ms since the epoch. */ lastMoment: number;
  },
): readonly string[] {
  const times = [ttlSeconds, Math.floor(lastMoment / 1000)].map(String);
  return [...shell, '-c', TTL_SCRIPT, 'ttl', name, bareID(containerID), ...times];
}

/**
 * What the script in the container has to say. Only `state.terminated` in the pod's status says that a container has
 * ended.
 */
export type StopAnswer =
  /** So many processes of the container live on, itself aside. None: it is about to end. */
  | { answer: 'Survived'; processes: number }
  /** The watchdog has taken the new ttl. */
  | { answer: 'Changed' }
  /** No new ttl: there is no supervisor, it has been killed, or it is of a version that cannot be told. */
  | { answer: 'NoWatchdog' }
  /** No new ttl: the watchdog does not listen, or an end is under way. */
  | { answer: 'Unheard' }
  /**
   * It has not landed in the container that is meant, or cannot tell its processes from others: nothing has been
   * signalled.
   */
  | { answer: 'Blind' }
  /** This shell is missing or cannot run it: try the next one. */
  | { answer: 'NoShell' }
  /** Not one word: most often because the container's end was its own. */
  | { answer: 'None' };

/** @param exitCode undefined where the connection ended without one */
export function readStopAnswer(stdout: string, exitCode: number | undefined): StopAnswer {
  const said = /^(?:Survived (\d{1,7})|(Changed|NoWatchdog|Unheard|Blind))\n/.exec(stdout);
  if (said === null) return { answer: exitCode === 126 || exitCode === 127 ? 'NoShell' : 'None' };
  const [, processes, word] = said;
  if (processes !== undefined) return { answer: 'Survived', processes: Number(processes) };
  return { answer: word as 'Changed' | 'NoWatchdog' | 'Unheard' | 'Blind' };
}
