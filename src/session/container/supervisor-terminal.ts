// The part of the supervisor's script (supervisor-script.ts) that runs the command on a terminal.

/**
 * With a terminal the command has to be a foreground job, for Ctrl-C and job control. But a shell that waits for a
 * foreground job puts its traps off, and as PID 1 of its own namespace it is immune to a TERM that it does not trap:
 * every delete of the pod would take its whole grace. So a shell in between runs the foreground job: it is started in
 * the foreground, turns job control on, which is possible only there, and stops itself. That returns control to the
 * outer shell, which lets it go on in the background and waits, with its trap armed. A shell with job control may hand
 * out the terminal from the background.
 *
 * Where the outer shell has no job control, the one in between sees that it owns no process group and would become the
 * command, which the outer shell could not watch: it ends, and the command is started in the background, as without a
 * terminal. Bash does not need any of this, and would tell the user of the stopped job.
 *
 * - What it does comes to it in variables, so that `ps` shows one short line. It takes them from its environment before
 *   it starts anything.
 * - INT and the like are trapped by `:`, not ignored: an ignored signal would stay ignored in the command.
 * - 147 to 150 is a stopped job, by Ctrl-Z on a command that is no shell: nobody could continue it, so it goes on.
 * - stderr of our own shells is /dev/null: they would tell of the stopped job, and a notice of a killed one would block
 *   for ever on a terminal that is held by Ctrl-S.
 * - Which process it is tells its parent: the only child that the first process has by then.
 */
export const TERMINAL = `
if [ $_tty = 1 ] && [ ! "$BASH_VERSION" ] && (set -m); then
  trap : INT QUIT
  set -m
  _between='
    trap : HUP INT QUIT TERM
    read _p _x _x _x _x _x _x _t _x </proc/self/stat
    [ "$_p" = "$_t" ] || exit
    _top=$PPID _mine=$_run
    unset _between _run
    set -m
    kill -STOP $_p
    (eval "$_mine")
    _r=$?
    while [ $_r -ge 147 ] && [ $_r -le 150 ] && jobs %1 >/dev/null; do
      fg %1 >/dev/null
      _r=$?
    done
    exit $_r
  ' _run=$_run sh -c 'eval "$_between"' supervisor "$@" 3<&- 5<&- 6<&- 7<&- 8<&- 9>&-
  if jobs %1 >/dev/null; then
    trap 'exit 143' TERM
    for _d in /proc/[0-9]*; do
      _parent \${_d#/proc/} && [ $_pp = $$ ] && _cmd=\${_d#/proc/}
    done
    bg %1 >/dev/null
  else
    set +m
  fi
fi
`;
