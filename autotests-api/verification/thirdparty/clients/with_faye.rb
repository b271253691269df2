# An echo client on faye-websocket, that is on websocket-driver.
require "eventmachine"
require "faye/websocket"
require "json"

status = false
EM.run do
  connection = Faye::WebSocket::Client.new(ARGV[0])
  connection.on(:message) { |event| connection.send(event.data) }
  connection.on(:close) do |event|
    puts({ event: "close", code: event.code, reason: event.reason }.to_json)
    status = [1000, 1005].include?(event.code)
    EM.next_tick { EM.stop }
  end
end
exit(status)
