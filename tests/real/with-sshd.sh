#!/usr/bin/env bash
# Runs a command beside an ssh server of its own, on 127.0.0.1 and a free
# port, with throw-away keys, as whoever calls it:
#
#   ./with-sshd.sh COMMAND [ARGUMENT…]
#   ./with-sshd.sh bash -c 'ssh -F "$REAL_SSH_CONFIG" under-test uname'
#
# The command finds in REAL_SSH_CONFIG the path of a client's configuration
# that knows one host, "under-test", and in REAL_SSH_PORT the server's port.
# Its exit status becomes that of the script. Nothing is left behind.
#
# Needs /usr/sbin/sshd, ssh and ssh-keygen (Debian: openssh-server and
# openssh-client). Neither a system's sshd nor its files are touched.
set -euo pipefail

[[ $# -gt 0 ]] || { sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" >&2; exit 2; }

# sshd starts itself anew for each connection and wants its full path for that.
sshd=/usr/sbin/sshd
for needed in "$sshd" ssh ssh-keygen; do
  command -v "$needed" >/dev/null || { echo "with-sshd.sh: $needed is missing" >&2; exit 3; }
done

dir=$(mktemp -d "${TMPDIR:-/tmp}/real-ssh.XXXXXX")
server=
mark=
# shellcheck disable=SC2317 # the trap calls it
finish() {
  if [[ $server ]]; then
    # A connection has a process of its own that outlives the listener; ending
    # it ends a client too that the command has left in the background.
    local sessions=
    sessions=$(cat "/proc/$server/task/$server/children" 2>/dev/null) || true
    # shellcheck disable=SC2086 # several ids, one word each
    kill "$server" $sessions 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  if [[ $mark ]]; then
    rm -f "$mark"
    rmdir /run/sshd 2>/dev/null || true # fails while another run is in there
  fi
  rm -rf "$dir"
}
trap finish EXIT
# Without these a signal would end bash before it gets to the line above.
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# As root, sshd needs this directory as long as it runs; an init script makes
# it on a machine that has one. If there is none, the first run makes it and
# the last one takes it away: each leaves a mark there while it goes on.
if [[ $EUID -eq 0 ]] && { [[ ! -d /run/sshd ]] || compgen -G '/run/sshd/.real-ssh.*' >/dev/null; }; then
  mark=/run/sshd/.real-ssh.$$
  for _ in {1..100}; do # another run may just be taking it away
    if { mkdir -p -m 0755 /run/sshd && : >"$mark"; } 2>/dev/null; then break; fi
  done
fi

ssh-keygen -q -t ed25519 -N '' -C host -f "$dir/host"
ssh-keygen -q -t ed25519 -N '' -C user -f "$dir/user"
cp "$dir/user.pub" "$dir/authorized_keys"

# A server that is not root can let in nobody but its own user.
user=$(id -un)

configure() { # port
  cat >"$dir/sshd_config" <<END
ListenAddress 127.0.0.1
Port $1
HostKey $dir/host
PidFile none
UsePAM no
# The folder lies in a directory that everybody may write to.
StrictModes no
AuthorizedKeysFile $dir/authorized_keys
AuthenticationMethods publickey
PermitRootLogin prohibit-password
AllowUsers $user
AllowTcpForwarding yes
GatewayPorts no
PermitTTY yes
PermitUserEnvironment yes
AcceptEnv *
PrintMotd no
PrintLastLog no
# Tests connect in crowds; the default drops some beyond ten.
MaxStartups 200
MaxSessions 100
Subsystem sftp internal-sftp
END
  cat >"$dir/ssh_config" <<END
Host under-test
  HostName 127.0.0.1
  Port $1
  User $user
  IdentityFile $dir/user
  IdentitiesOnly yes
  IdentityAgent none
  UserKnownHostsFile $dir/known_hosts
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  BatchMode yes
  LogLevel ERROR
END
  printf '[127.0.0.1]:%s %s\n' "$1" "$(cut -d' ' -f1,2 "$dir/host.pub")" >"$dir/known_hosts"
}

# sshd cannot be told to take any free port, so one is guessed from below the
# range that the system gives out by itself, and another if it is in use.
port=
for _ in {1..20}; do
  try=$((20000 + RANDOM % 12000))
  configure "$try"
  : >"$dir/log"
  "$sshd" -D -e -f "$dir/sshd_config" </dev/null >/dev/null 2>"$dir/log" &
  server=$!
  # It says so when it listens, and ends when it cannot: no need to guess a
  # time. A connection would tell less, for it might be another's port.
  for _ in {1..1000}; do
    if grep -q "^Server listening on 127.0.0.1 port $try\." "$dir/log"; then
      port=$try
      break 2
    fi
    kill -0 "$server" 2>/dev/null || break
    sleep 0.01
  done
  kill "$server" 2>/dev/null || true
  wait "$server" || true
  server=
  grep -q 'Address already in use' "$dir/log" || break
done
if [[ -z $port ]]; then
  cat "$dir/log" >&2
  echo 'with-sshd.sh: sshd does not start' >&2
  exit 4
fi

export REAL_SSH_CONFIG=$dir/ssh_config REAL_SSH_PORT=$port
status=0
"$@" || status=$?
if [[ $status -ne 0 && -s $dir/log ]]; then
  echo "with-sshd.sh: the command ended with $status; sshd said:" >&2
  tail -n 20 "$dir/log" >&2
fi
exit "$status"
