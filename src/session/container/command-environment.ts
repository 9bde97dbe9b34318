import { SET_PREFIX, SUPERVISOR_VARIABLE } from './environment.ts';

/**
 * Sets `_p` to the prefix. In two parts, so that the script, which is a variable itself, does not have it as it is
 * (supervisor-script.ts).
 */
export const PREFIX = `_p=${SET_PREFIX.slice(0, -1)} _p=\${_p}_`;

/** The first process holds these open (supervisor-nap.ts): the command gets none of them. */
const OURS_CLOSED = '3<&- 4>&- 5<&- 6<&- 7<&- 8<&- 9>&-';

/**
 * `_run`: becomes the command, with the environment that it would have without a supervisor. Text and not a function,
 * because the shell between supervisor and terminal runs it as well. Run in a subshell, it takes "$@" as the command,
 * and `_top` as the first process of the container.
 *
 * - The environment is read where the runtime has put it, in `environ` of the first process. A shell drops names that
 *   are no words of its own (`spring.datasource.url`) and adds some (PWD, SHLVL). The requester's variables lose their
 *   prefix, and come last: the last of one name wins.
 * - A line break in a value stands as byte 377 meanwhile, which no text in UTF-8 has. The kubelet hands over nothing
 *   else.
 * - The variable that carries the supervisor is left out.
 * - `$(PREFIX...)` in a word or a value is a reference that the kubelet could not resolve (environment.ts). It may mean
 *   a variable that Kubernetes itself sets, else it stays as it was written.
 * - `env` gives the command its environment, and finds it by the PATH in there. It would take a command with `=` for a
 *   variable: such a one is left to sh.
 * - Without `env` and `tr` the environment is the shell's. The supervisor has refused before where the requester set
 *   any variable.
 */
export const RUN = `
_run='
command -v env >/dev/null && command -v tr >/dev/null || exec "$@" 2>&4 ${OURS_CLOSED}
case $1 in *=*) set -- sh -c "exec \\"\\$0\\" \\"\\$@\\"" "$@" ;; esac
${PREFIX}
_n=$# _i=0 _own= _set= _words= LC_ALL=C
_ff=$(printf "\\377") _nl=$(printf "\\nx")
_nl=\${_nl%x} IFS=$_nl
set -f
set -- "$@" $(tr "\\n\\000" "\\377\\n" </proc/$_top/environ)
for _w; do
  _i=$((_i + 1)) _o=
  [ $_i -le $_n ] || while [ $_ff ]; do
    case $_w in
    *$_ff*) _o=$_o\${_w%%$_ff*}$_nl _w=\${_w#*$_ff} ;;
    *) break ;;
    esac
  done
  _w=$_o$_w _o=
  while :; do
    case $_w in
    *"\\$($_p"*")"*) _o=$_o\${_w%%"\\$($_p"*} _w=\${_w#*"\\$($_p"} ;;
    *) break ;;
    esac
    _k=\${_w%%")"*} _w=\${_w#*")"} _v=
    case $_k in
    *[!A-Z0-9_]* | [0-9]*) ;;
    *_SERVICE_HOST | *_SERVICE_PORT* | *_PORT | *_PORT_* | DEBUGSESSION_*) eval "_v=\\$$_k" ;;
    esac
    _o=$_o\${_v:-"\\$($_k)"}
  done
  _w=$_o$_w
  eval "_w$_i=\\$_w"
  _e=" \\"\\$_w$_i\\""
  [ $_i -gt $_n ] || { _words=$_words$_e; continue; }
  case $_w in
  "$_p"DEBUGSESSION_UID=* | "$_p"DEBUGSESSION_ATTEMPT=* | ${SUPERVISOR_VARIABLE}=*) ;;
  $_p*) _set="$_set \\"\\\${_w$_i#$_p}\\"" ;;
  *) _own=$_own$_e ;;
  esac
done
eval "exec env -i -- $_own $_set $_words 2>&4 ${OURS_CLOSED}"
'
`;
