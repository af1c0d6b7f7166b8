// The peer gorilla/websocket: one goroutine reads each connection into a buffer that it keeps, write buffers are
// pooled; a broadcast is prepared once, and each member has a goroutine that writes.
package main

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"

	"github.com/gorilla/websocket"
)

var upgrader = websocket.Upgrader{
	ReadBufferSize:  4096,
	WriteBufferPool: &sync.Pool{},
	CheckOrigin:     func(*http.Request) bool { return true },
}

func upgrade(response http.ResponseWriter, request *http.Request) *websocket.Conn {
	connection, err := upgrader.Upgrade(response, request, nil)
	if err != nil {
		return nil
	}
	connection.SetReadLimit(64 << 20)
	return connection
}

// The next message, in the buffer that the caller keeps.
func read(connection *websocket.Conn, buffer *bytes.Buffer) (int, bool) {
	kind, reader, err := connection.NextReader()
	if err != nil {
		return 0, false
	}
	buffer.Reset()
	_, err = buffer.ReadFrom(reader)
	return kind, err == nil
}

func echo(response http.ResponseWriter, request *http.Request) {
	connection := upgrade(response, request)
	if connection == nil {
		return
	}
	defer connection.Close()
	var buffer bytes.Buffer
	for {
		kind, ok := read(connection, &buffer)
		if !ok || connection.WriteMessage(kind, buffer.Bytes()) != nil {
			return
		}
	}
}

type room struct {
	sync.Mutex
	members map[chan *websocket.PreparedMessage]bool
}

var everybody = room{members: map[chan *websocket.PreparedMessage]bool{}}

func (r *room) publish(message *websocket.PreparedMessage) {
	r.Lock()
	defer r.Unlock()
	for member := range r.members {
		member <- message
	}
}

func broadcast(response http.ResponseWriter, request *http.Request) {
	connection := upgrade(response, request)
	if connection == nil {
		return
	}
	defer connection.Close()
	unsent := make(chan *websocket.PreparedMessage, 256)
	go func() {
		for message := range unsent {
			// After an error the channel is still emptied: a publisher must not wait for who is gone.
			_ = connection.WritePreparedMessage(message)
		}
	}()
	everybody.Lock()
	everybody.members[unsent] = true
	everybody.Unlock()
	var buffer bytes.Buffer
	for {
		kind, ok := read(connection, &buffer)
		if !ok {
			break
		}
		message, err := websocket.NewPreparedMessage(kind, append([]byte(nil), buffer.Bytes()...))
		if err != nil {
			break
		}
		everybody.publish(message)
	}
	everybody.Lock()
	delete(everybody.members, unsent)
	everybody.Unlock()
	close(unsent)
}

func main() {
	port := "0"
	if len(os.Args) > 1 {
		port = os.Args[1]
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:"+port)
	if err != nil {
		fmt.Fprintln(os.Stderr, "gorilla: cannot listen:", err)
		os.Exit(1)
	}
	fmt.Printf("listening on %d\n", listener.Addr().(*net.TCPAddr).Port)
	http.HandleFunc("/", echo)
	http.HandleFunc("/broadcast", broadcast)
	fmt.Fprintln(os.Stderr, "gorilla:", http.Serve(listener, nil))
	os.Exit(1)
}
