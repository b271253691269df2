# An echo client on Mojolicious.
use Mojo::Base -strict;
use Mojo::IOLoop;
use Mojo::JSON 'encode_json';
use Mojo::UserAgent;

my $status = 1;
my $agent  = Mojo::UserAgent->new;
$agent->websocket($ARGV[0] => sub {
  my (undef, $transaction) = @_;
  return Mojo::IOLoop->stop unless $transaction->is_websocket;
  $transaction->max_websocket_size(1 << 26);
  $transaction->on(text   => sub { $_[0]->send({text   => $_[1]}) });
  $transaction->on(binary => sub { $_[0]->send({binary => $_[1]}) });
  $transaction->on(finish => sub {
    my (undef, $code, $reason) = @_;
    say encode_json {event => 'close', code => $code, reason => $reason // ''};
    $status = 0 if $code == 1000 || $code == 1005;
  });
});
Mojo::IOLoop->start unless Mojo::IOLoop->is_running;
exit $status;
