// Command app is an application as people run them: one static program in an image without a shell. It never collects a child that is not
// its own, so whoever leaves a zombie in its PID namespace can be seen to have done so.
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "hello from the shell-less application")
	})
	http.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "ok")
	})
	address := ":8080"
	if fromEnvironment := os.Getenv("LISTEN"); fromEnvironment != "" {
		address = fromEnvironment
	}
	go func() {
		log.Printf("listening on %s", address)
		log.Fatal(http.ListenAndServe(address, nil))
	}()
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	log.Printf("%s: the end", <-signals)
}
