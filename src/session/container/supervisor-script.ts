// The supervisor is written here as it runs: `$` is doubled for the kubelet only when a container is rendered (supervisor.ts). It stands in the
// spec of every pod that is debugged, so it carries no comments: what it does, and why, is told here beside each part.

/** The name of the watchdog's process, by which stop-script.ts finds it: 15 bytes at most. */
export const WATCHDOG_NAME = 'debug-watchdog';

/** Leaves a word as the termination message; `-n` empties the log. Silently without it where the log cannot be written. */
export const MARK = '_mark() { { echo $1 >/dev/termination-log; } 2>/dev/null; }';

/** Hundredths of a second since boot. A builtin read: no fork, needs no `date`, and a changed wall clock does not move it. */
export const CLOCK = '_clock() { read _up _x </proc/uptime && _up=${_up%.*}${_up#*.}; }';

/**
 * Names start with an underscore: a shell variable that came in as environment stays exported, so plain names could change the user's
 * environment, and a function called `watch` would run instead of the user's `watch`.
 *
 * - `_refuse WORD CODE [WHAT]`: ends without having run anything.
 * - `_nap`: in the background and waited for, so that a TERM cuts it short and its process is reaped.
 */
const WORDS = `
_ttl=$1 _by=$2 _last=$3 _tty=$4 _boot= _cmd=
shift 4
${MARK}
_refuse() { _mark $1; echo "supervisor: $1 $3" >&2; exit $2; }
${CLOCK}
_nap() { sleep $1 & wait $!; }
`;

/**
 * A start that is too late is refused: the operator has given this run up long ago. The wall clock is boot time plus time since boot.
 * Without a working `sleep` nothing could end the command in time, so it does not run at all.
 * `_until TTL LASTMOMENT` reckons from the start, however often the ttl changes: `_now` and `_from` stay.
 */
const CHECKS = `
while read _k _v _x; do [ "$_k" != btime ] || { _boot=$_v; break; }; done </proc/stat
{ _clock && [ $_boot ] && sleep 0; } 2>/dev/null || _refuse Unsupported 125
_now=$((_boot + _up / 100))
[ $_now -le $_by ] && [ $_now -lt $_last ] || _refuse TooLate 125
command -v "$1" >/dev/null || _refuse CommandNotFound 127 "$1"
_from=$_up
_until() {
  _ttl=$1
  [ $((_now + _ttl)) -le $2 ] || _ttl=$(($2 - _now))
  _end=$((_from + _ttl * 100))
}
_until $_ttl $_last
`;

/**
 * `_kin` finds what runs below this shell, the watchdog aside, parents first. By parentage, so that in a joined process namespace the application
 * is never among them, whatever it is called. From `stat`, which is one line: bash reads a file of /proc anew for every line, and a state that
 * changes in between shifts the rest. What follows the program's name, which may hold anything, is state, parent and process group.
 * `_send` signals them all but the shell in between (see below), a child with a process group of its own: it has to reap. Unless it is alone.
 */
const KIN = `
_kin() {
  _table= _all= _mid= _gen=$$
  for _d in /proc/[0-9]*; do
    read -r _s <$_d/stat || continue
    set -- \${_s##*) }
    _table="$_table \${_d#/proc/}:$2"
    [ $2 != $$ ] || [ $3 = $_group ] || _mid=\${_d#/proc/}
  done
  while [ "$_gen" ]; do
    _next=
    for _e in $_table; do
      case " $_gen " in
      *" \${_e#*:} "*) [ \${_e%:*} = $_me ] || _next="$_next \${_e%:*}" ;;
      esac
    done
    _all="$_all$_next" _gen=$_next
  done
}
_send() {
  _kin
  for _p in $_all; do
    [ $_p = "$_mid" ] && [ "$_all" != " $_mid" ] || kill -$1 $_p
  done
}
`;

/**
 * The watchdog. It naps for 5 s at most, because `sleep` stands still while a machine is suspended and time since boot does not. A nap is ended by
 * KILL: a TERM between fork and exec would be lost in the trap of the shell that it still is.
 *
 * At the deadline, on a terminal, first what Ctrl-C does: an interactive shell then reaps the job that it waits for. A child whose parent is gone
 * belongs to PID 1, in a joined namespace the application, which may never reap it. (To end children first everywhere would be no way out: a script
 * would go on with its next line.) Then HUP to all at once, a second later TERM, another second later KILL. KILL is repeated, and the watchdog
 * never concludes that its work is done: the outer shell ends it when the command is gone. `sleep .2` is not POSIX: where it fails the watchdog
 * spins instead.
 *
 * It can be told from outside (stop-script.ts; docs/adr/0016): USR1 ends the command now; on USR2 it reads `TTL LASTMOMENT` from the log, and empties
 * the log as its answer. What else stands there is left alone, for the user may write it, and a shell would die of reckoning with it.
 * By its name in /proc it is found. It takes the name last, so that nobody can signal it before its traps are set, which would kill it; `-n`, because
 * a newline would become part of the name. Where the name cannot be taken it is not found, and works as ever.
 * The trap of USR1 does not return, so that no nap can begin after it; a new ttl that comes just before a nap is heeded after it.
 */
const WATCHDOG = `
_pause() {
  _nap .2 && return
  _clock
  _end=$((_up + 20))
  while _clock; [ $_up -lt $_end ]; do :; done
}
_wake() { kill -KILL $!; wait; }
_heed() {
  read -r _a _b _x </dev/termination-log
  case "$_a $_b" in
  *[!0-9\\ ]* | *' ') ;;
  *) _until $_a $_b; _mark -n ;;
  esac
}
_stop() {
  trap '' USR1 USR2
  _mark $1
  read _me _x </proc/self/stat
  read -r _s </proc/$$/stat
  set -- \${_s##*) }
  _group=$3
  [ $6 -le 0 ] || { kill -INT -$6; _pause; _pause; }
  for _sig in HUP 0 0 0 0 TERM 0 0 0 0; do
    [ $_sig = 0 ] || _send $_sig
    _pause
  done
  while :; do
    _send KILL
    _pause
  done
}
_watch() {
  exec 2>/dev/null
  trap '' INT QUIT
  trap '_wake; exit' TERM
  trap '_wake; _stop Stopped' USR1
  trap '_wake; _heed' USR2
  echo -n ${WATCHDOG_NAME} >/proc/self/comm
  while _clock; [ $_up -lt $_end ]; do
    _left=$(((_end - _up + 99) / 100))
    [ $_left -le 5 ] || _left=5
    _nap $_left
  done
  _stop Deadline
}
_watch & _dog=$!
`;

/**
 * With a terminal the command has to be a foreground job, for Ctrl-C and job control. But a shell that waits for a foreground job puts its
 * traps off, and as PID 1 of its own namespace it is immune to a TERM that it does not trap: every delete of the pod would take its whole
 * grace. So a shell in between runs the foreground job: it is started in the foreground, turns job control on, which is possible only there,
 * and stops itself. That returns control to the outer shell, which lets it go on in the background and waits, with its trap armed. A shell with
 * job control may hand out the terminal from the background.
 *
 * Where the outer shell has no job control, the one in between sees that it owns no process group and becomes the command: then all works but
 * the quick end on TERM. Bash does not need any of this, and would tell the user of the stopped job.
 *
 * - INT and the like are trapped by `:`, not ignored: an ignored signal would stay ignored in the command.
 * - 147 to 150 is a stopped job, by Ctrl-Z on a command that is no shell: nobody could continue it, so it goes on.
 * - stderr of our own shells is /dev/null: they would tell of the stopped job, and a notice of a killed one would block for ever on a terminal that
 *   is held by Ctrl-S.
 */
const TERMINAL = `
exec 3<&0 4>&2
if [ $_tty = 1 ] && [ ! "$BASH_VERSION" ]; then
  trap : INT QUIT
  set -m
  exec 2>/dev/null
  sh -c '
    trap : HUP INT QUIT TERM
    read _p _x _x _x _x _x _x _t _x </proc/self/stat
    [ "$_p" = "$_t" ] || exec "$@" 2>&4 4>&-
    set -m
    kill -STOP $_p
    (exec "$@" 2>&4 4>&-)
    _r=$?
    while [ $_r -ge 147 ] && [ $_r -le 150 ] && jobs %1 >/dev/null; do
      fg %1 >/dev/null
      _r=$?
    done
    exit $_r' supervisor "$@" 3<&-
  _r=$?
  if jobs %2 >/dev/null; then
    trap 'exit 143' TERM
    bg %2 >/dev/null
    wait %2
    _r=$?
  fi
`;

/**
 * Otherwise the command runs in the background, where `wait` gives way to the trap. A background command would read /dev/null and be deaf to INT:
 * the first is undone here, the second only in bash; POSIX sh knows no way. An interactive shell ignores TERM, so with a terminal nothing is
 * waited for. INT is ignored here, not trapped: bash loses a child that dies of the very INT that ends its wait for it.
 * A wait that a signal cut short is repeated, and once more at the end: bash may have reaped the command meanwhile, and remembers.
 */
const BACKGROUND = `
else
  trap '' INT QUIT
  trap 'kill -TERM $_cmd; [ $_tty = 0 ] || exit 143' TERM
  exec 2>/dev/null
  (trap - INT QUIT; exec "$@" 2>&4 3<&- 4>&-) <&3 &
  _cmd=$!
  while wait $_cmd; _r=$?; kill -0 $_cmd; do :; done
  wait $_cmd
  _s=$?
  [ $_s = 127 ] || _r=$_s
fi
`;

/** This shell stays first process to the end, reaps the watchdog (and that one its nap), and ends with the command's own status. */
const END = `
kill $_dog
wait $_dog
exit $_r
`;

/** The supervisor, as `sh -c` takes it; arguments: ttl (s), start by and last moment (s since the epoch), 1 with a tty else 0, the command. */
export const SUPERVISOR_SCRIPT = joinParts([WORDS, CHECKS, KIN, WATCHDOG, TERMINAL, BACKGROUND, END]);

/** One script of parts that are written to be read: without the line break that each begins with, and without indentation. */
export function joinParts(parts: readonly string[]): string {
  return parts.map((part) => part.slice(1).replaceAll(/^ +/gm, '')).join('');
}
