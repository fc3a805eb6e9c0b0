package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"sort"
	"strconv"
	"time"
)

const commitmentDomain = "perennial/pt-commit/v1"

// whole is a whole number as RFC 8785 writes it; one of more than a thousand digits is refused.
var whole = regexp.MustCompile(`^(0|-?[1-9][0-9]{0,999})$`)

// strictly reads JSON that is written in the one way: written again out of what was read, it must be the same text.
// So every member is there, once, by its exact name and in its place, and nothing else is.
func strictly(text []byte, into interface{}) error {
	if err := json.Unmarshal(text, into); err != nil {
		return err
	}
	again, err := json.Marshal(into)
	if err != nil {
		return err
	}
	if !bytes.Equal(plain(again), text) {
		return fmt.Errorf("it is not written as bundles are")
	}
	return nil
}

// unescaped is what Go's encoder escapes and RFC 8785 does not, or otherwise, by its four digits.
var unescaped = map[string]string{
	"003c": "<", "003e": ">", "0026": "&", "2028": "\u2028", "2029": "\u2029", "0008": `\b`, "000c": `\f`,
}

// plain writes what Go's encoder made with the escapes of RFC 8785 alone.
func plain(text []byte) []byte {
	made := make([]byte, 0, len(text))
	for at := 0; at < len(text); at++ {
		made = append(made, text[at])
		if text[at] != '\\' {
			continue
		}
		at++
		if text[at] == 'u' {
			if meant, has := unescaped[string(text[at+1:at+5])]; has {
				made, at = append(made[:len(made)-1], meant...), at+4
				continue
			}
		}
		made = append(made, text[at])
	}
	return made
}

// canonical refuses JSON that is not in RFC 8785 form, or has numbers that are not whole.
func canonical(text []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value interface{}
	if err := decoder.Decode(&value); err != nil {
		return err
	}
	if !bytes.Equal(appendForm(nil, value), text) {
		return fmt.Errorf("it is not in RFC 8785 form")
	}
	return nil
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
		if whole.MatchString(found.String()) {
			return append(into, found...)
		}
		return append(into, "no whole number"...) // which is not what stands there
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
	if err := strictly([]byte(one.Leaf), &found); err != nil {
		return found, fmt.Errorf("leaf %d cannot be read: %w", one.Index, err)
	}
	if found.Format != 1 {
		return found, fmt.Errorf("leaf %d is of format %d, unknown to this program", one.Index, found.Format)
	}
	if err := found.isOneOfOurs(); err != nil {
		return found, fmt.Errorf("leaf %d: %w", one.Index, err)
	}
	if err := canonical(one.Clear); err != nil || one.Clear[0] != '{' {
		return found, fmt.Errorf("the clear data of leaf %d cannot be read: %w", one.Index, err)
	}
	hash := sha256.Sum256(one.Clear)
	if hex.EncodeToString(hash[:]) != found.ClearSHA256 {
		return found, fmt.Errorf("the clear data of leaf %d is not what the log holds", one.Index)
	}
	return found, openedAsCommitted(one, found)
}

const moment = "2006-01-02T15:04:05.000000Z"

// isOneOfOurs refuses times, numbers and parts that no event of Perennial has.
func (found leaf) isOneOfOurs() error {
	times := []string{found.RecordedAt}
	if found.OccurredAt != nil {
		times = append(times, *found.OccurredAt)
	}
	for _, text := range times {
		if read, err := time.Parse(moment, text); err != nil || read.Format(moment) != text || read.Year() < 1 {
			return fmt.Errorf("it has a time that no event has: %q", text)
		}
	}
	if found.Position < 0 || found.Version < 0 {
		return fmt.Errorf("it has a number below 0")
	}
	for _, one := range found.Parts {
		known := one.CiphertextSHA256 != "" && one.Commitment != "" && one.Group != "" && one.Key != "" && one.Person != ""
		if unknown := one.StateSHA256 != ""; known == unknown || (unknown && one != part{StateSHA256: one.StateSHA256}) {
			return fmt.Errorf("it has a part that is none")
		}
	}
	return nil
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
