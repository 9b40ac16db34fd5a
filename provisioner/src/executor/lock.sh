# Takes the lock of the node and keeps it until the end of standard input.
# In: `me`, this run; `who`, the same for people. Says `held`, `by <who holds
# it>`, `ours`, or `not <why>` on its first line.
umask 077
d=/run/terrarium
l=$d/lock
stop() { printf '%s\n' "$1"; exit 0; }

# Nobody but root may have a hand in it: who can open a lock's file can hold it.
if [ -L "$d" ] || ! mkdir -p "$d" 2>/dev/null; then stop "not $d, which is no folder"; fi
[ "$(stat -c %u "$d")" = 0 ] || stop "not $d, which belongs to user $(stat -c %U "$d")"
chmod 0700 "$d"

# One at a time looks at the lock, takes it, and writes down who has it.
exec 8<"$d"
flock -w 20 8 || stop "not $d, which another run has been looking at for 20 s"

# An earlier version made a file that all may open. While a run of it goes on,
# a process of root has it open; whoever else has it open is not asked.
held_by_root() {
  for f in $(find /proc/[0-9]*/fd -lname "$l" 2>/dev/null); do
    p=${f#/proc/}
    [ "$(stat -c %u "/proc/${p%%/*}" 2>/dev/null)" = 0 ] && return 0
  done
  return 1
}
if [ -e "$l" ] || [ -L "$l" ]; then
  sound=$(stat -c '%F %u %a %h' "$l")
  case $sound in
  'regular empty file 0 600 1' | 'regular file 0 600 1') ;;
  'regular'*) held_by_root || rm -f "$l" ;;
  *) rm -rf "$l" ;;
  esac
fi
exec 9>>"$l"
chmod 0600 "$l"

began() { s=$(cat "/proc/$1/stat" 2>/dev/null) && set -- ${s##*) } && echo "${20}"; }
if ! flock -n 9; then
  IFS=' ' read -r run pid began who_else 2>/dev/null <"$d/holder"
  case $run in
  '' | *[!0-9a-f]*) stop "by $(head -n 1 "$d/holder" 2>/dev/null)" ;;
  "$me") ;;
  *) stop "by $who_else" ;;
  esac
  # An earlier connection of this very run, whose end has not come to be known
  # here. Its process is ended if it is proven to be that.
  if [ "$(readlink "/proc/$pid/fd/9")" = "$l" ] && [ "$(began "$pid")" = "$began" ]; then
    kill "$pid" 2>/dev/null
  fi
  flock -w 10 9 || stop ours
fi
rm -f "$d/holder" "$d/holder.new"
printf '%s %s %s %s\n' "$me" "$$" "$(began "$$")" "$who" >"$d/holder.new"
mv -f "$d/holder.new" "$d/holder"
exec 8<&-
echo held
exec cat >/dev/null
