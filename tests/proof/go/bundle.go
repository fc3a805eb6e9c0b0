package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"golang.org/x/mod/sumdb/tlog"
)

// hashText is a hash in base64.
type hashText string

// header is everything that stands before the entries.
type header struct {
	Format      string   `json:"format"`
	Origin      string   `json:"origin"`
	VerifierKey string   `json:"verifier_key"`
	Checkpoint  string   `json:"checkpoint"`
	Checkpoints []older  `json:"checkpoints"`
	Candidate   *string  `json:"candidate"`
	Records     []record `json:"records"`
	Range       *span    `json:"range"`
}

// older is a checkpoint signed before, with the proof that the tree of today extends its tree.
type older struct {
	Note  string     `json:"note"`
	Proof []hashText `json:"proof"`
}

// record is one of the streams that a candidate's bundle holds whole.
type record struct {
	Record string `json:"record"`
	Events int64  `json:"events"`
}

// span says where a range begins, and the hashes that stand for everything before it.
type span struct {
	First  int64      `json:"first"`
	Prefix []hashText `json:"prefix"`
}

// entry is one event.
type entry struct {
	Index  int64           `json:"index"`
	Leaf   string          `json:"leaf"`
	Clear  json.RawMessage `json:"clear"`
	Proof  []hashText      `json:"proof"`
	Opened []opened        `json:"opened"`
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
	Actor       string   `json:"actor"`
	Causation   *string  `json:"causation"`
	ClearSHA256 string   `json:"clear_sha256"`
	Correlation *string  `json:"correlation"`
	Event       string   `json:"event"`
	Format      int64    `json:"format"`
	OccurredAt  *string  `json:"occurred_at"`
	OccurredHow string   `json:"occurred_how"`
	Origin      string   `json:"origin"`
	Parts       []part   `json:"parts"`
	People      []string `json:"people"`
	Position    int64    `json:"position"`
	RecordedAt  string   `json:"recorded_at"`
	Stream      string   `json:"stream"`
	Type        string   `json:"type"`
	Version     int64    `json:"version"`
}

// part is what the leaf keeps of one sealed part; of parts stored in an unknown spelling, their hash alone.
type part struct {
	CiphertextSHA256 string `json:"ciphertext_sha256"`
	Commitment       string `json:"commitment"`
	Group            string `json:"group"`
	Key              string `json:"key"`
	Person           string `json:"person"`
	StateSHA256      string `json:"state_sha256"`
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

// read gives the header to one function and then each entry to another, without holding the whole bundle.
func read(path string, begin func(header) error, each func(entry) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	decoder := json.NewDecoder(bufio.NewReaderSize(file, 1<<20))
	decoder.DisallowUnknownFields()
	found, err := readHeader(decoder)
	if err != nil {
		return fmt.Errorf("the bundle cannot be read: %w", err)
	}
	if err := begin(found); err != nil {
		return err
	}
	for decoder.More() {
		var text json.RawMessage
		var one entry
		if err := decoder.Decode(&text); err != nil {
			return fmt.Errorf("an entry cannot be read: %w", err)
		}
		if err := strictly(text, &one); err != nil {
			return fmt.Errorf("an entry cannot be read: %w", err)
		}
		if err := each(one); err != nil {
			return err
		}
	}
	return readEnd(decoder)
}

// readHeader reads up to the bracket that opens the entries, which are the last member of the object.
func readHeader(decoder *json.Decoder) (header, error) {
	members := map[string]json.RawMessage{}
	if err := expect(decoder, json.Delim('{')); err != nil {
		return header{}, err
	}
	for {
		name, err := decoder.Token()
		if err != nil {
			return header{}, err
		}
		if name == "entries" {
			break
		}
		text, named := name.(string)
		if !named {
			return header{}, fmt.Errorf("it has no entries")
		}
		var value json.RawMessage
		if _, twice := members[text]; twice {
			return header{}, fmt.Errorf("%q stands in it twice", text)
		}
		if err := decoder.Decode(&value); err != nil {
			return header{}, err
		}
		members[text] = value
	}
	found, err := headerOf(members)
	if err != nil {
		return header{}, err
	}
	return found, expect(decoder, json.Delim('['))
}

func headerOf(members map[string]json.RawMessage) (header, error) {
	var found header
	text, err := json.Marshal(members)
	if err != nil {
		return found, err
	}
	return found, strictly(text, &found)
}

func readEnd(decoder *json.Decoder) error {
	for _, end := range []json.Delim{']', '}'} {
		if err := expect(decoder, end); err != nil {
			return fmt.Errorf("the bundle is cut off or goes on where it should end: %w", err)
		}
	}
	if _, err := decoder.Token(); err != io.EOF {
		return fmt.Errorf("the bundle goes on after its end")
	}
	return nil
}

func expect(decoder *json.Decoder, wanted json.Delim) error {
	token, err := decoder.Token()
	if err != nil {
		return err
	}
	if token != wanted {
		return fmt.Errorf("%v stands where %v should", token, wanted)
	}
	return nil
}
