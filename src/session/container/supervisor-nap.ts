// The part of the supervisor's script (supervisor-script.ts) that waits.

/**
 * The first process of the container is its own watchdog. In a process namespace of the container's own nobody in there
 * can kill or stop it, and where it can be killed its end is the container's. So it must only never wait for what
 * somebody else can hold up (docs/adr/0022).
 *
 * The owner of a file may take a lease of it, and who opens the file then waits for 45 s (fcntl(2), F_SETLEASE). A
 * process owns its files in /proc, and root owns the rest. The kernel gives no lease of a file that is open already,
 * so the files that the first process goes on to read stay open: 6 to 9. The command does not get them (docs/adr/0072).
 *
 * `_nap SECONDS` rests, and `_wake`, which the traps call while the command runs, ends it. In a child it is cut short
 * as well whenever a child ends or is stopped. A process may have got the pid of a nap that is over, so nothing waits
 * until that pid is gone.
 * - A shell whose `read` knows `-t` waits by itself, on a terminal that nobody has and nobody writes to: the one side
 *   of a pair that it has made. `sleep` is a file that root in there may have replaced. Bash does so in the first
 *   process, and looks about it five times a second. Others do it in a child, because only `wait` reaps for them.
 * - As a POSIX shell, bash times `read -t` by an alarm. If that alarm comes before `read` has begun, bash 5.2 sets a
 *   signal mask that it never read (builtins/read.def, `prevset`; mended in 5.3). It may block every later alarm.
 *   Outside of POSIX mode bash waits by pselect(2), which needs no alarm. After each signal it reckons the rest anew by
 *   the wall clock, which may have been set back. So `_wake` gives it the end of a file to read.
 * - Bash before 5.2 (`_old`) knows the alarm only, and loses an alarm that comes while it handles a CHLD: the kernel
 *   then starts the read again (SA_RESTART). So its child is `sleep`, which no CHLD disturbs. Bash sees that a child is
 *   stopped only with job control. It cannot take the terminal, which it knows as its stderr: that is /dev/null then.
 * - Otherwise the child is `sleep`. Where nothing can be forked any more, the shell ends, and so does the container.
 * - A child that naps may be killed, stopped or frozen by others of its user at any time. Each of that is a CHLD, and
 *   on that the nap is killed: so the wait for it ends, whether it had begun or not. A CHLD that comes before the wait
 *   is remembered in `_ev`.
 * - Busybox begins a read anew, with all its seconds, after each signal that it handles. So the child ignores CHLD, the
 *   only signal that it would handle and survive.
 * - 5 s at most at a time, because a nap stands still while a machine is suspended and time since boot does not.
 */
export const NAP = `
command exec 6</dev/null 7</proc/uptime 8</proc/$$/stat
command exec 9>>/dev/termination-log
_old= _z=
case $BASH_VERSION in [1-4].* | 5.[01].*) _old=1 ;; esac
if [ "$BASH_VERSION" ] && [ ! $_old ] && command exec 5<>/dev/ptmx; then
  set +o posix
  _nap() { read -t .2 _x <&5; }
  _wake() { exec <&6; }
else
  if [ ! $_old ] && read -t 1 _x && command exec 5<>/dev/ptmx; then
    _sleep() { trap '' CHLD; read -t $1 _x <&5; }
  else
    _sleep() { exec sleep $1; }
  fi </proc/uptime
  _nap() {
    [ ! "$BASH_VERSION" ] || set -m
    _sleep $1 &
    _z=$!
    [ $_ev ] || wait $_z
    kill -KILL $_z
    for _x in 1 2 3 4 5 6 7 8 9; do
      kill -0 $_z || break
      wait $_z
      [ $? != 127 ] || break
    done
    _ev= _z=
  }
  _wake() { _ev=1; [ ! $_z ] || kill -KILL $_z; }
fi
`;
