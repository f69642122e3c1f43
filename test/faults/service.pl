# A service for fault sequences: ready within milliseconds, and it tells on itself.
#   perl service.pl NAME PORT DIRECTORY
# PORT 0: it listens nowhere and touches DIRECTORY/NAME.alive instead. It has a child, as many real services have.
# DIRECTORY/NAME.deaf   it listens, but never answers
# DIRECTORY/doubles     it notes here that another process of the same service was still there when it started
use strict;
use warnings;
use Fcntl qw(:flock);
use Socket;

my ($name, $port, $directory) = @ARGV;
open(my $lock, '>>', "$directory/$name.lock") or die "lock: $!";
if (!flock($lock, LOCK_EX | LOCK_NB)) {
  open(my $doubles, '>>', "$directory/doubles") or die "doubles: $!";
  print $doubles "$name $$\n";
  exit 9;
}

my $child = fork();
if (defined $child && $child == 0) { exec('sleep', '3600') }
$SIG{TERM} = sub { kill 'TERM', $child; exit 0 };
$SIG{HUP} = 'IGNORE';
$SIG{USR1} = 'IGNORE';

if ($port == 0) {
  while (1) {
    if (open(my $alive, '>', "$directory/$name.alive")) { close($alive) }
    select(undef, undef, undef, 0.2);
  }
}

socket(my $server, PF_INET, SOCK_STREAM, 0) or die "socket: $!";
setsockopt($server, SOL_SOCKET, SO_REUSEADDR, pack('l', 1));
bind($server, sockaddr_in($port, INADDR_LOOPBACK)) or do { kill 'TERM', $child; die "bind: Address already in use ($!)\n" };
listen($server, 20) or die "listen: $!";
while (1) {
  accept(my $client, $server) or next;
  if (-e "$directory/$name.deaf") { sleep 1 while -e "$directory/$name.deaf" }
  sysread($client, my $request, 4096);
  syswrite($client, "HTTP/1.0 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n");
  close($client);
}
