// An echo client on nhooyr.io/websocket, today github.com/coder/websocket.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"nhooyr.io/websocket"
)

func main() {
	connection, _, err := websocket.Dial(context.Background(), os.Args[1], nil)
	if err != nil {
		os.Exit(1)
	}
	connection.SetReadLimit(1 << 26)
	for {
		kind, message, err := connection.Read(context.Background())
		var end websocket.CloseError
		if errors.As(err, &end) {
			told, _ := json.Marshal(map[string]any{"event": "close", "code": end.Code, "reason": end.Reason})
			fmt.Println(string(told))
			if end.Code == 1000 || end.Code == 1005 {
				return
			}
		}
		if err != nil || connection.Write(context.Background(), kind, message) != nil {
			os.Exit(1)
		}
	}
}
