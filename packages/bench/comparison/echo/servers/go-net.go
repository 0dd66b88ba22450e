// An echo in Go, a goroutine for each client. Usage: go-net PORT
package main

import (
	"fmt"
	"net"
	"os"
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Args[1])
	if err != nil {
		panic(err)
	}
	fmt.Printf("listening %d\n", listener.Addr().(*net.TCPAddr).Port)
	for {
		client, err := listener.Accept()
		if err != nil {
			continue
		}
		go serve(client)
	}
}

func serve(client net.Conn) {
	defer client.Close()
	buffer := make([]byte, 64*1024)
	for {
		length, err := client.Read(buffer)
		if err != nil {
			return
		}
		if _, err := client.Write(buffer[:length]); err != nil {
			return
		}
	}
}
