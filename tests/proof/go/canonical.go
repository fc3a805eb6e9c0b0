package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
)

const commitmentDomain = "perennial/pt-commit/v1"

// strictly reads JSON into a value that must know every member.
func strictly(text []byte, into interface{}) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return fmt.Errorf("something stands after its end")
	}
	return nil
}

// canonical is the RFC 8785 form of JSON that has only objects, lists, texts, whole numbers, true, false and null.
// Errors: the text says more or other than that form does, such as one name twice.
func canonical(text []byte) ([]byte, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value interface{}
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	var form, compact bytes.Buffer
	encoder := json.NewEncoder(&form)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	if err := json.Compact(&compact, text); err != nil {
		return nil, err
	}
	made := bytes.TrimSuffix(form.Bytes(), []byte("\n"))
	if !bytes.Equal(made, compact.Bytes()) {
		return nil, fmt.Errorf("it is not in RFC 8785 form")
	}
	return made, nil
}

// leafOf reads an entry's leaf and holds what is beside it against what the leaf binds.
func leafOf(one entry) (leaf, error) {
	var found leaf
	form, err := canonical([]byte(one.Leaf))
	if err != nil || string(form) != one.Leaf {
		return found, fmt.Errorf("leaf %d is not in RFC 8785 form", one.Index)
	}
	if err := strictly(form, &found); err != nil {
		return found, fmt.Errorf("leaf %d cannot be read: %w", one.Index, err)
	}
	if found.Format != 1 {
		return found, fmt.Errorf("leaf %d is of format %d, unknown to this program", one.Index, found.Format)
	}
	clear, err := canonical(one.Clear)
	if err != nil {
		return found, fmt.Errorf("the clear data of leaf %d cannot be read: %w", one.Index, err)
	}
	hash := sha256.Sum256(clear)
	if hex.EncodeToString(hash[:]) != found.ClearSHA256 {
		return found, fmt.Errorf("the clear data of leaf %d is not what the log holds", one.Index)
	}
	return found, openedAsCommitted(one, found)
}

// openedAsCommitted holds everything laid open against the commitments of the leaf.
func openedAsCommitted(one entry, found leaf) error {
	seen := map[string]bool{}
	for _, laid := range one.Opened {
		name := laid.Person + "/" + laid.Group
		if seen[name] {
			return fmt.Errorf("leaf %d has %s opened twice", one.Index, name)
		}
		seen[name] = true
		salt, err := base64.StdEncoding.Strict().DecodeString(laid.Salt)
		if err != nil || len(salt) != 32 {
			return fmt.Errorf("leaf %d has a salt that is not 32 bytes in base64", one.Index)
		}
		text := append(append([]byte(commitmentDomain), salt...), laid.Plaintext...)
		hash := sha256.Sum256(text)
		if !committed(found, laid, hex.EncodeToString(hash[:])) {
			return fmt.Errorf("what is opened of leaf %d (%s) is not what was sealed", one.Index, name)
		}
	}
	return nil
}

func committed(found leaf, laid opened, commitment string) bool {
	for _, one := range found.Parts {
		if one.Person == laid.Person && one.Group == laid.Group {
			return one.Commitment == commitment
		}
	}
	return false
}
