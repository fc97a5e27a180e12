// felixjudge puts what is written for Felix through what Felix itself runs, and says what it takes.
//
// It reads JSON lines and answers each with one, in order:
//
//	{"key": …, "value": …}   a key of etcd's and its text
//	                         → {"accepted": bool, "judge": …, "why": …}
//	{"hosts": [name, …]}     the end of a cloud: what Felix on each of these hosts makes of all that was accepted
//	                         since the last such line → {"hosts": {name: outcome}}
//
// A key that this version of Felix does not read is answered with {"unread": true}.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/sirupsen/logrus"
)

// request is a line of the input: either a pair, or the hosts of a cloud that ends.
type request struct {
	Key   string   `json:"key"`
	Value string   `json:"value"`
	Hosts []string `json:"hosts"`
}

func main() {
	logrus.SetOutput(io.Discard)
	logrus.SetLevel(logrus.PanicLevel)
	if err := answer(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "felixjudge:", err)
		os.Exit(1)
	}
}

// answer reads requests until the input ends. Answers are held back only while more requests are at hand.
func answer(in io.Reader, out io.Writer) error {
	lines := bufio.NewReaderSize(in, 1<<20)
	answers := bufio.NewWriterSize(out, 1<<20)
	encode := json.NewEncoder(answers)
	encode.SetEscapeHTML(false)
	judge := newJudge()
	for {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return answers.Flush()
		}
		if err != nil {
			return err
		}
		var asked request
		if err := json.Unmarshal(line, &asked); err != nil {
			return fmt.Errorf("a request is no JSON: %w", err)
		}
		var said any
		if asked.Key != "" {
			said = judge.pair(asked.Key, []byte(asked.Value))
		} else if said, err = judge.cloud(asked.Hosts); err != nil {
			return err
		}
		if err := encode.Encode(said); err != nil {
			return err
		}
		if lines.Buffered() == 0 {
			if err := answers.Flush(); err != nil {
				return err
			}
		}
	}
}
