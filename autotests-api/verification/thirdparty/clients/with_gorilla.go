// An echo client on gorilla/websocket, which offers permessage-deflate.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/gorilla/websocket"
)

func main() {
	dialer := websocket.Dialer{EnableCompression: true}
	connection, _, err := dialer.Dial(os.Args[1], nil)
	if err != nil {
		os.Exit(1)
	}
	defer connection.Close()
	for {
		kind, message, err := connection.ReadMessage()
		var end *websocket.CloseError
		if errors.As(err, &end) {
			told, _ := json.Marshal(map[string]any{"event": "close", "code": end.Code, "reason": end.Text})
			fmt.Println(string(told))
			if end.Code == 1000 || end.Code == 1005 {
				return
			}
		}
		if err != nil || connection.WriteMessage(kind, message) != nil {
			os.Exit(1)
		}
	}
}
