package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"golang.org/x/mod/sumdb/tlog"
)

// hashText is a hash in base64.
type hashText string

// list is a list that must be there: Go would take null for an empty one.
type list[T any] []T

func (into *list[T]) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return fmt.Errorf("null stands where a list should")
	}
	return json.Unmarshal(text, (*[]T)(into))
}

// header is everything that stands before the entries.
type header struct {
	Format      string         `json:"format"`
	Origin      string         `json:"origin"`
	VerifierKey string         `json:"verifier_key"`
	Checkpoint  string         `json:"checkpoint"`
	Checkpoints list[older]    `json:"checkpoints"`
	Candidate   *string        `json:"candidate"`
	Records     *list[record]  `json:"records"`
	Range       *span          `json:"range"`
	Entries     list[struct{}] `json:"entries"`
}

// older is a checkpoint signed before, with the proof that the tree of today extends its tree.
type older struct {
	Note  string         `json:"note"`
	Proof list[hashText] `json:"proof"`
}

// record is one of the streams that a candidate's bundle holds whole.
type record struct {
	Record string `json:"record"`
	Events int64  `json:"events"`
}

// span says where a range begins, and the hashes that stand for everything before it.
type span struct {
	First  int64          `json:"first"`
	Prefix list[hashText] `json:"prefix"`
}

// entry is one event.
type entry struct {
	Index  int64           `json:"index"`
	Leaf   string          `json:"leaf"`
	Clear  json.RawMessage `json:"clear"`
	Proof  *list[hashText] `json:"proof,omitempty"`
	Opened list[opened]    `json:"opened,omitempty"`
}

// opened is a sealed part laid open: what its commitment binds.
type opened struct {
	Person    string `json:"person"`
	Group     string `json:"group"`
	Salt      string `json:"salt"`
	Plaintext string `json:"plaintext"`
}

// leaf is what the text of an entry's leaf says.
type leaf struct {
	Actor       string       `json:"actor"`
	Causation   *string      `json:"causation"`
	ClearSHA256 string       `json:"clear_sha256"`
	Correlation *string      `json:"correlation"`
	Event       string       `json:"event"`
	Format      int64        `json:"format"`
	OccurredAt  *string      `json:"occurred_at"`
	OccurredHow string       `json:"occurred_how"`
	Origin      string       `json:"origin"`
	Parts       list[part]   `json:"parts"`
	People      list[string] `json:"people"`
	Position    int64        `json:"position"`
	RecordedAt  string       `json:"recorded_at"`
	Stream      string       `json:"stream"`
	Type        string       `json:"type"`
	Version     int64        `json:"version"`
}

// part is what the leaf keeps of one sealed part; of parts stored in an unknown spelling, their hash alone.
type part struct {
	CiphertextSHA256 string `json:"ciphertext_sha256,omitempty"`
	Commitment       string `json:"commitment,omitempty"`
	Group            string `json:"group,omitempty"`
	Key              string `json:"key,omitempty"`
	Person           string `json:"person,omitempty"`
	StateSHA256      string `json:"state_sha256,omitempty"`
}

// decoded is the hash. Errors: it is not base64 written in the one right way, or not of 32 bytes.
func (text hashText) decoded() (tlog.Hash, error) {
	var hash tlog.Hash
	data, err := base64.StdEncoding.Strict().DecodeString(string(text))
	if err != nil || len(data) != tlog.HashSize {
		return hash, fmt.Errorf("%q is not a hash of 32 bytes in base64", string(text))
	}
	copy(hash[:], data)
	return hash, nil
}

func decodedAll(texts []hashText) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, 0, len(texts))
	for _, text := range texts {
		hash, err := text.decoded()
		if err != nil {
			return nil, err
		}
		hashes = append(hashes, hash)
	}
	return hashes, nil
}

const (
	opening = `"entries":[`
	ending  = "]}"
)

// read gives the header to one function and then each entry to another, without holding the whole bundle.
func read(path string, begin func(header) error, each func(entry) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewReaderSize(file, 1<<20)
	if err := readHeader(lines, begin); err != nil {
		return err
	}
	for entries, more := 0, true; ; entries++ {
		line, err := nextLine(lines)
		if err != nil {
			return err
		}
		if string(line) == ending {
			return readEnd(lines, more && entries > 0)
		}
		if !more {
			return fmt.Errorf("an entry stands where the bundle should end")
		}
		text := bytes.TrimSuffix(line, []byte(","))
		more = len(text) < len(line)
		var one entry
		if err := strictly(text, &one); err != nil {
			return fmt.Errorf("an entry cannot be read: %w", err)
		}
		if err := each(one); err != nil {
			return err
		}
	}
}

// readHeader reads the first line, which ends where the entries begin.
func readHeader(lines *bufio.Reader, begin func(header) error) error {
	line, err := nextLine(lines)
	if err != nil {
		return err
	}
	if !bytes.HasSuffix(line, []byte(opening)) {
		return fmt.Errorf("the first line is not that of a bundle")
	}
	var found header
	if err := strictly(append(line, ending...), &found); err != nil {
		return fmt.Errorf("the header cannot be read: %w", err)
	}
	return begin(found)
}

func readEnd(lines *bufio.Reader, more bool) error {
	if _, err := lines.ReadByte(); err != io.EOF {
		return fmt.Errorf("the bundle goes on after its end")
	}
	if more {
		return fmt.Errorf("the bundle is cut off")
	}
	return nil
}

func nextLine(lines *bufio.Reader) ([]byte, error) {
	line, err := lines.ReadBytes('\n')
	if err != nil {
		return nil, fmt.Errorf("the bundle is cut off: %w", err)
	}
	return line[:len(line)-1], nil
}
