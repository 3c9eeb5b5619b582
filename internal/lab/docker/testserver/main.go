// Testserver is the one program of the lab's images: static, their entry point, and whatever a test wants a container to
// be. Its first argument says what it does:
//
//	serve                  an HTTP server; so does everything else that is no command, and nothing at all
//	health                 asks the server of the same container how it is; exits 0 or 1
//	crash [code [text]]    complains and exits, with 1 unless told
//	exit [after]           exits 0 after a moment, 200ms unless told
//	sleep                  waits for a signal
//	echo [words]           prints the words and exits
//	cat                    prints its standard input until that ends
//
// The server listens on $PORT, 8080 unless told:
//
//	/             the request and the container as JSON: host name, arguments, method, path, body
//	/health       200, or 503 with a reason: see SERVER_HEALTH
//	/env          the environment, a JSON object
//	/exit?code=3  ends the container
//	/file?path=   a file; PUT writes it
//	/get?url=     the answer of another server
//	/log?line=    prints a line
//
// SERVER_HEALTH is "ok", "fail:<reason>", or "after:3s" of running. SERVER_TERM=ignore makes it deaf to SIGTERM.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() { os.Exit(run(os.Args[1:])) }

// run does what the arguments say and returns the exit code.
func run(args []string) int {
	switch argument(args, 0, "serve") {
	case "health":
		return health()
	case "crash":
		fmt.Fprintln(os.Stderr, argument(args, 2, "crashed as told"))
		code, _ := strconv.Atoi(argument(args, 1, "1"))
		return code
	case "exit":
		after, _ := time.ParseDuration(argument(args, 1, "200ms"))
		time.Sleep(after)
		fmt.Println("done")
		return 0
	case "echo":
		fmt.Println(strings.Join(args[1:], " "))
		return 0
	case "cat":
		if _, err := io.Copy(os.Stdout, os.Stdin); err != nil {
			return 1
		}
		return 0
	case "sleep":
		return <-signals()
	}
	return serve()
}

// argument is one of them, or a default.
func argument(args []string, i int, otherwise string) string {
	if i < len(args) {
		return args[i]
	}
	return otherwise
}

// signals gives the exit code once a signal that is heeded comes.
func signals() <-chan int {
	came, code := make(chan os.Signal, 1), make(chan int, 1)
	signal.Notify(came, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		for s := range came {
			fmt.Println("got", s)
			if os.Getenv("SERVER_TERM") != "ignore" {
				code <- 0
			}
		}
	}()
	return code
}

// serve serves until a signal.
func serve() int {
	failed := make(chan error, 1)
	server := &http.Server{Addr: ":" + port(), Handler: routes(time.Now()), ReadHeaderTimeout: time.Minute}
	go func() { failed <- server.ListenAndServe() }()
	fmt.Println("serving on", server.Addr)
	select {
	case err := <-failed:
		fmt.Fprintln(os.Stderr, err)
		return 1
	case code := <-signals():
		return code
	}
}

// port is where it listens.
func port() string {
	if port := os.Getenv("PORT"); port != "" {
		return port
	}
	return "8080"
}

// routes are the server's pages.
func routes(start time.Time) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/", echo)
	mux.HandleFunc("/health", func(w http.ResponseWriter, _ *http.Request) {
		if ill := illness(time.Since(start)); ill != "" {
			http.Error(w, ill, http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("/env", func(w http.ResponseWriter, _ *http.Request) {
		env := map[string]string{}
		for _, pair := range os.Environ() {
			name, value, _ := strings.Cut(pair, "=")
			env[name] = value
		}
		write(w, env)
	})
	mux.HandleFunc("/exit", func(_ http.ResponseWriter, r *http.Request) {
		code, _ := strconv.Atoi(r.FormValue("code"))
		os.Exit(code)
	})
	mux.HandleFunc("/log", func(_ http.ResponseWriter, r *http.Request) { fmt.Println(r.FormValue("line")) })
	mux.HandleFunc("/file", file)
	mux.HandleFunc("/get", get)
	return mux
}

// illness says why a server of that age is not well; empty when it is.
func illness(age time.Duration) string {
	kind, rest, _ := strings.Cut(os.Getenv("SERVER_HEALTH"), ":")
	switch kind {
	case "fail":
		return rest
	case "after":
		if after, _ := time.ParseDuration(rest); age < after {
			return "not yet: healthy after " + rest
		}
	}
	return ""
}

// health asks the server.
func health() int {
	response, err := http.Get("http://127.0.0.1:" + port() + "/health") //nolint:noctx // the engine limits a health check's time
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer response.Body.Close()
	if _, err := io.Copy(os.Stdout, response.Body); err != nil || response.StatusCode != http.StatusOK {
		return 1
	}
	return 0
}

// echo tells what was asked, and whom.
func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	host, _ := os.Hostname()
	write(w, map[string]any{"hostname": host, "args": os.Args[1:], "method": r.Method, "path": r.URL.Path, "body": string(body)})
}

// file reads or writes a file.
func file(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Query().Get("path")
	var content []byte
	var err error
	if r.Method == http.MethodPut {
		if content, err = io.ReadAll(r.Body); err == nil {
			err = os.WriteFile(path, content, 0o600)
		}
	} else {
		content, err = os.ReadFile(path)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	_, _ = w.Write(content) // the client is gone
}

// get asks another server.
func get(w http.ResponseWriter, r *http.Request) {
	request, err := http.NewRequestWithContext(r.Context(), http.MethodGet, r.FormValue("url"), nil)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer response.Body.Close()
	w.WriteHeader(response.StatusCode)
	_, _ = io.Copy(w, response.Body) // the client is gone
}

// write writes a value as JSON.
func write(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value) // the client is gone
}
