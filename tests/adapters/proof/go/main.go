// Verify checks a bundle of Perennial with other people's code: golang.org/x/mod/sumdb/{tlog,note}.
//
//	verify BUNDLE [--checkpoint OLDER.txt] [--key VERIFIER-KEY]
//
// It shares no line with Perennial. Exit code 0 and a sentence when everything holds, 1 and the reason when not.
package main

import (
	"fmt"
	"os"
)

func main() {
	asked, err := parse(os.Args[1:])
	if err != nil {
		fail(err)
	}
	said, err := verify(asked)
	if err != nil {
		fail(err)
	}
	fmt.Println(said)
}

func fail(err error) {
	fmt.Println("REJECTED: " + err.Error())
	os.Exit(1)
}

// asked is what the command line names: the bundle, a checkpoint from elsewhere, a verifier key from elsewhere. What is
// named and empty (a file that is not there) is not the same as what is not named.
type asked struct {
	bundle          string
	checkpoint, key *string
}

func parse(words []string) (asked, error) {
	var found asked
	named := map[string]**string{"--checkpoint": &found.checkpoint, "--key": &found.key}
	for len(words) > 0 {
		word := words[0]
		words = words[1:]
		if into, known := named[word]; known && len(words) > 0 {
			value := words[0]
			*into, words = &value, words[1:]
		} else if !known && found.bundle == "" {
			found.bundle = word
		} else {
			return found, fmt.Errorf("cannot read the argument %q", word)
		}
	}
	if found.bundle == "" {
		return found, fmt.Errorf("usage: verify BUNDLE [--checkpoint OLDER.txt] [--key VERIFIER-KEY]")
	}
	return found, nil
}
