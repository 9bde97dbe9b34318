// The supervisor is written here as it runs: `$` is doubled for the kubelet only when a container is rendered
// (supervisor.ts). It stands in the spec of every pod that is debugged, so it carries no comments: what it does, and
// why, is told here beside each part.
import { PREFIX, RUN } from './command-environment.ts';
import { SUPERVISOR_VARIABLE } from './environment.ts';
import { NAP } from './supervisor-nap.ts';
import { TERMINAL } from './supervisor-terminal.ts';

/** The name that the supervisor gives its process, by which stop-script.ts finds it: 15 bytes at most. */
export const WATCHDOG_NAME = 'debug-watchdog';

/** Begins the name of a process that brings a new end, in seconds since boot: see `_heed`. With ten digits 15 bytes. */
export const LETTER_NAME = 'until';

/** Leaves a word as the termination message; `-n` empties the log. A log that cannot be written gets none. */
export const MARK = '_mark() { echo $1 >/dev/termination-log; }';

/**
 * Hundredths of a second since boot. A builtin read: no fork, needs no `date`, and a changed wall clock does not move
 * it.
 */
export const CLOCK = '_clock() { read _up _x </proc/uptime && _up=${_up%.*}${_up#*.}; }';

/**
 * Names start with an underscore: a shell variable that came in as environment stays exported, so plain names could
 * change the user's environment, and a function called `watch` would run instead of the user's `watch`.
 *
 * The variable that has carried the script here (docs/adr/0035) is for nothing that is started.
 *
 * `_refuse WORD CODE [WHAT]`: ends without having run anything.
 */
const WORDS = `
unset ${SUPERVISOR_VARIABLE}
_ttl=$1 _by=$2 _last=$3 _tty=$4 _boot= _cmd= _ev= _told= _heard= _asked= _term= _top=$$
${PREFIX}
shift 4
exec 3<&0 4>&2 2>/dev/null
${MARK}
_refuse() { _mark $1; echo "supervisor: $1 $3" >&4; exit $2; }
${CLOCK}
`;

/**
 * A start that is too late is refused: the operator has given this run up long ago. The wall clock is boot time plus
 * time since boot. Without a working `sleep` nothing could end the command in time, so it does not run at all. Nor does
 * it without the requester's variables: whether there are any is read in `environ`, for some shells drop names that are
 * no words of their own. This script stands in there as well, so it never has the prefix (`_p`) as it is. From here on
 * the end is a moment of the time since boot, which no change of the wall clock moves.
 */
const CHECKS = `
while read _k _v _x; do [ "$_k" != btime ] || { _boot=$_v; break; }; done </proc/stat
{ _clock && [ $_boot ] && sleep 0; } || _refuse Unsupported 125
_set=
while read -r _x || [ "$_x" ]; do
  case $_x in *$_p*) _set=1 ;; esac
done </proc/$$/environ
[ ! $_set ] || { command -v env && command -v tr; } >/dev/null || _refuse VariablesUnsupported 125
_now=$((_boot + _up / 100))
[ $_now -le $_by ] && [ $_now -lt $_last ] || _refuse TooLate 125
[ $((_now + _ttl)) -le $_last ] || _ttl=$((_last - _now))
_end=$((_up + _ttl * 100))
`;

/**
 * The command has to be a file that can be executed, found as execvp(3) finds it: by the PATH that it will have.
 * Nothing but the command is run by that one. A name that only this shell knows is a builtin, which the kernel does not
 * run.
 *
 * - `_via INTERPRETER`: of a file that begins with `#!`. The kernel does not run it without.
 * - `_head` has the first bytes of a file, and those that say for which processor it was made. Another one than that of
 *   this shell (`_odd`) need not be foreign: kernels run programs of 32 bits, and of others by an emulator. So it runs,
 *   and the exit code decides (see `_leave`). Without `od` nothing is known.
 *
 * The word that is left at last says that the command is about to be run.
 */
const COMMAND = `
eval "_path=\\\${\${_p}PATH-\\$PATH}:"
_why=CommandNotFound _file= _odd=
while [ "$_path" ] && [ $_why ]; do
  _file=\${_path%%:*} _path=\${_path#*:}
  _file=\${_file:-.}/$1
  case $1 in */*) _file=$1 _path= ;; esac
  if [ -d "$_file" ]; then
    _why=CommandIsDirectory
  elif [ -f "$_file" ] && [ -x "$_file" ]; then
    _why=
  elif [ -e "$_file" ]; then
    _why=CommandNotExecutable
  fi
done
[ "$_why" != CommandNotFound ] || ! command -v "$1" >/dev/null || _why=CommandIsBuiltin
_via() { [ -x "$1" ]; }
_head() {
  set -- $(od -An -tx1 -N20 "$1")
  echo $1$2$3$4 \${19}\${20}
}
case \${_why:-$(_head "$_file")} in
2321*) read -r _x <"$_file"
  _x=\${_x#??}
  _via \${_x# } || _why=CommandNotExecutable ;;
7f454c46*) [ "$(_head "$_file")" = "$(_head /proc/$$/exe)" ] || _odd=1 ;;
esac
[ ! $_why ] || _refuse $_why 127 "$1"
_mark Began
`;

/**
 * `_kin` finds what runs below this shell, parents first. By parentage, so that in a joined process namespace the
 * application is never among them, whatever it is called. From `stat`, which is one line: bash reads a file of /proc
 * anew for every line, and a state that changes in between shifts the rest. What follows the program's name, which may
 * hold anything, is state, parent and process group. It gives up, and with it ends the container, when time is up:
 * thousands of processes, each the child of the one before, are not followed to the end. `_send` signals them all but
 * the shell in between (supervisor-terminal.ts), a child with a process group of its own: it has to reap. Unless it is
 * alone. In a process namespace of its own it need not look, and so opens no file that a process in there may hold
 * (supervisor-nap.ts).
 */
const KIN = `
_kin() {
  _table= _all= _mid= _gen=$$
  for _d in /proc/[0-9]*; do
    read -r _s <$_d/stat || continue
    set -- \${_s##*\\) }
    _table="$_table \${_d#/proc/}:$2"
    [ $2 != $$ ] || [ $3 = $_group ] || _mid=\${_d#/proc/}
  done
  while [ "$_gen" ]; do
    _clock && [ $_up -lt $_cut ] || exit 137
    _next=
    for _e in $_table; do
      case " $_gen " in *" \${_e#*:} "*) _next="$_next \${_e%:*}" ;; esac
    done
    _all="$_all$_next" _gen=$_next
  done
}
_send() {
  [ $$ != 1 ] || { kill -$1 -1; return; }
  _kin
  for _p in $_all; do
    [ $_p = "$_mid" ] && [ "$_all" != " $_mid" ] || kill -$1 $_p
  done
}
`;

/**
 * At the deadline, on a terminal, first what Ctrl-C does: an interactive shell then reaps the job that it waits for. A
 * child whose parent is gone belongs to PID 1, in a joined namespace the application, which may never reap it. (To end
 * children first everywhere would be no way out: a script would go on with its next line.) Then HUP to all at once, a
 * second later TERM, another second later KILL, for a second. Then the first process ends, whatever is left, and with
 * it the container: the kernel, or in a joined namespace the runtime, kills the rest. `_cut` is when it ends at the
 * latest.
 *
 * `_leave`: with the command's own status, as soon as the command is gone. It is reaped by then, and the shell
 * remembers. (ksh93 and yash have more than 256 for a signal.)
 * - While CHLD is trapped, another process that ends at that time would cut the wait short with 145, which is 128 and
 *   CHLD. Bash does so as a POSIX shell only. Its trap stays: bash crashes on a CHLD that is pending when the trap of
 *   CHLD is taken away (trap.c of 5.2, `run_sigchld_trap`).
 *   A CHLD that came right after the last nap still cuts the next wait of bash short, whatever it waits for.
 * - Bash before 5.2 loses a child whose end it learns when a signal ends its wait (jobs.c, `waitchld`). It would then
 *   wait for the command for as long as it has any other child. So these end first.
 * - It says so in a word, unless the container was asked to end (`_told`, `_asked`), or the command has left words of
 *   its own. A file for another processor (`_odd`) that ends so was not executed: `env` or its C library then gives it
 *   to a shell, which cannot read it.
 *
 * `_pause HUNDREDTHS` is measured by the clock, for a nap may be shorter. No clock, no session.
 */
const STOP = `
_leave() {
  trap '' TERM USR1 USR2
  [ ! $_old ] || [ $$ != 1 ] || kill -KILL -1
  if [ "$BASH_VERSION" ]; then set +o posix; wait $$; else trap - CHLD; fi
  wait $_cmd
  set -- $?
  [ $1 -le 256 ] || set -- $(($1 % 128 + 128))
  _x=
  read -r _x </dev/termination-log
  _word=Exited
  case $_odd$1 in 12 | 1126 | 1127) _word=CommandForeign ;; esac
  case $_told$_asked$_x in '' | Began) _mark $_word ;; esac
  exit $1
}
_look() {
  kill -0 $_cmd || [ -d /proc/$_cmd ] || _leave
  _clock && [ -c /dev/null ] || exit 137
}
_pause() {
  _until=$((_up + $1))
  while _look; [ $_up -lt $_until ]; do _nap .2; done
}
_stop() {
  trap '' HUP INT QUIT TERM USR1 USR2
  _told=$1
  _mark $1
  read -r _s </proc/$$/stat
  set -- \${_s##*\\) }
  _group=$3 _cut=$((_up + 450))
  [ $6 -le 0 ] || { kill -INT -$6; _pause 40; }
  _send HUP
  _pause 100
  _send TERM
  _pause 100
  for _x in 1 2 3 4 5; do
    _send KILL
    _pause 20
  done
  exit 137
}
`;

/**
 * The first process can be told from outside (stop-script.ts; docs/adr/0016). USR1 ends the command now. On USR2 it
 * looks for a letter: a process that is named `until` and the new end, and has the parent that the first process has.
 * Whatever a container starts has another one, so nobody in there can give himself more time, but who may exec into it.
 * The name of a process has 15 bytes at most: a file could be endless. A lease (supervisor-nap.ts) delays the end by
 * 45 s at most: the search stops once the end has come. USR2 back is the answer.
 */
const HEED = `
_parent() {
  read -r _s </proc/$1/stat || return
  set -- \${_s##*\\) }
  _pp=$2
}
_heed() {
  _heard=
  _parent $$
  _own=$_pp
  for _d in /proc/[0-9]*; do
    _clock && [ $_up -lt $_end ] || return
    _c=
    read -r _c <$_d/comm
    case $_c in ${LETTER_NAME}*[!0-9]* | ${LETTER_NAME}) continue ;; ${LETTER_NAME}*) ;; *) continue ;; esac
    _parent \${_d#/proc/} && [ $_pp = $_own ] || continue
    _end=\${_c#${LETTER_NAME}}00
    kill -USR2 \${_d#/proc/}
  done
}
`;

/**
 * Where supervisor-terminal.ts has not begun the command, it runs in the background. A background command would read
 * /dev/null and be deaf to INT: the first is undone here, the second only in bash; POSIX sh knows no way. (`trap - INT`
 * does not undo it in bash 5.3; a trap does, and the command begins without any.) An interactive shell ignores TERM, so
 * with a terminal nothing is waited for. INT is ignored here, not trapped: bash loses a child that dies of the very INT
 * that ends its wait for it.
 *
 * A trap first ignores its signal, until WATCH sets it again: under a flood of that signal, bash would begin the next
 * trap before it goes on.
 */
const BACKGROUND = `
trap _ev=1 CHLD
if [ ! "$_cmd" ]; then
  trap '' INT QUIT
  _term='trap "" TERM; _asked=1; kill -TERM $_cmd; [ $_tty = 0 ] || exit 143; _wake'
  trap "$_term" TERM
  (trap : INT QUIT; eval "$_run") <&3 &
  _cmd=$!
fi
trap _wake CHLD
trap 'trap "" USR1; _told=Stopped; _wake' USR1
_hear() { trap 'trap "" USR2; _heard=1; _wake' USR2; }
_hear
`;

/**
 * It takes its name last, so that nobody can signal it before its traps are set, which would kill it; `-n`, because a
 * newline would become part of the name. Where the name cannot be taken it is not found, and works as ever.
 */
const WATCH = `
echo -n ${WATCHDOG_NAME} >/proc/self/comm
while _look; do
  [ ! $_told ] || _stop $_told
  [ ! $_heard ] || { _heed; _hear; }
  [ ! "$_term" ] || trap "$_term" TERM
  _left=$(((_end - _up + 99) / 100))
  [ $_left -gt 0 ] || _stop Deadline
  [ $_left -le 5 ] || _left=5
  _nap $_left
done
`;

/**
 * The supervisor, as `sh -c` takes it; arguments: ttl (s), start by and last moment (s since the epoch), 1 with a tty
 * else 0, the command.
 */
export const SUPERVISOR_SCRIPT = joinParts([
  ...[WORDS, CHECKS, COMMAND, RUN, KIN, STOP, HEED, NAP, TERMINAL, BACKGROUND, WATCH],
]);

/**
 * One script of parts that are written to be read: without the line break that each begins with, and without
 * indentation.
 */
export function joinParts(parts: readonly string[]): string {
  return parts.map((part) => part.slice(1).replaceAll(/^ +/gm, '')).join('');
}
