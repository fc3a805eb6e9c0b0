package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"sort"
	"strconv"
	"strings"
)

const commitmentDomain = "perennial/pt-commit/v1"

// strictly reads JSON into a value that must know every member by its exact name, each once.
func strictly(text []byte, into interface{}) error {
	if err := plainNames(json.NewDecoder(bytes.NewReader(text))); err != nil {
		return err
	}
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

// plainNames refuses a name that stands twice in an object, or is not in lower case: Go's decoder would take either.
func plainNames(decoder *json.Decoder) error {
	token, err := decoder.Token()
	kind, opens := token.(json.Delim)
	if err != nil || !opens {
		return err
	}
	names := map[string]bool{}
	for decoder.More() {
		if kind == '{' {
			token, err := decoder.Token()
			name, named := token.(string)
			if err != nil || !named || names[name] || name != strings.ToLower(name) {
				return fmt.Errorf("%v is no name, or stands twice", token)
			}
			names[name] = true
		}
		if err := plainNames(decoder); err != nil {
			return err
		}
	}
	_, err = decoder.Token()
	return err
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
	var compact bytes.Buffer
	if err := json.Compact(&compact, text); err != nil {
		return nil, err
	}
	made := appendForm(nil, value)
	if !bytes.Equal(made, compact.Bytes()) {
		return nil, fmt.Errorf("it is not in RFC 8785 form")
	}
	return made, nil
}

// appendForm writes a value as RFC 8785 wants it. (Go's own encoder escapes more than that.)
func appendForm(into []byte, value interface{}) []byte {
	switch found := value.(type) {
	case map[string]interface{}:
		names := make([]string, 0, len(found))
		for name := range found {
			names = append(names, name)
		}
		sort.Strings(names)
		into = append(into, '{')
		for at, name := range names {
			if at > 0 {
				into = append(into, ',')
			}
			into = append(appendText(into, name), ':')
			into = appendForm(into, found[name])
		}
		return append(into, '}')
	case []interface{}:
		into = append(into, '[')
		for at, one := range found {
			if at > 0 {
				into = append(into, ',')
			}
			into = appendForm(into, one)
		}
		return append(into, ']')
	case string:
		return appendText(into, found)
	case json.Number:
		return append(into, found...)
	case bool:
		return strconv.AppendBool(into, found)
	}
	return append(into, "null"...)
}

var short = map[byte]string{'"': `\"`, '\\': `\\`, '\b': `\b`, '\f': `\f`, '\n': `\n`, '\r': `\r`, '\t': `\t`}

func appendText(into []byte, text string) []byte {
	into = append(into, '"')
	for at := 0; at < len(text); at++ {
		if escape, has := short[text[at]]; has {
			into = append(into, escape...)
		} else if text[at] < 0x20 {
			into = append(into, fmt.Sprintf(`\u%04x`, text[at])...)
		} else {
			into = append(into, text[at])
		}
	}
	return append(into, '"')
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
