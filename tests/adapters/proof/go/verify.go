package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// checkpoint is what a signed note says: three lines.
type checkpoint struct {
	origin string
	size   int64
	root   tlog.Hash
}

// opener opens the notes of one log.
type opener struct {
	origin   string
	verifier note.Verifier
}

func (one opener) open(text string) (checkpoint, error) {
	var found checkpoint
	opened, err := note.Open([]byte(text), note.VerifierList(one.verifier))
	if err != nil {
		return found, fmt.Errorf("a checkpoint is not signed with the log's key: %w", err)
	}
	for _, line := range strings.Split(strings.TrimSpace(text[len(opened.Text):]), "\n") {
		written := line[strings.LastIndex(line, " ")+1:]
		if data, _ := base64.StdEncoding.DecodeString(written); base64.StdEncoding.EncodeToString(data) != written {
			return found, fmt.Errorf("a checkpoint's signature is not written in the one right way")
		}
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 {
		return found, fmt.Errorf("a checkpoint has fewer than 3 lines")
	}
	found.origin = lines[0]
	if found.origin != one.origin {
		return found, fmt.Errorf("a checkpoint is of the log %q, not of %q", found.origin, one.origin)
	}
	found.size, err = strconv.ParseInt(lines[1], 10, 64)
	if err != nil || found.size < 1 || strconv.FormatInt(found.size, 10) != lines[1] {
		return found, fmt.Errorf("a checkpoint's size cannot be %q", lines[1])
	}
	found.root, err = hashText(lines[2]).decoded()
	return found, err
}

// judge is what is known of a bundle while its entries go by.
type judge struct {
	asked    asked
	header   header
	opener   opener
	now      checkpoint
	tree     *compactRange
	entries  int64
	position int64
	index    int64
	versions map[string]int64
	merged   map[string][]string
}

// verify reads the bundle once, and says what holds.
func verify(asked asked) (string, error) {
	one := &judge{asked: asked, position: -1, index: -1, versions: map[string]int64{}, merged: map[string][]string{}}
	if err := read(asked.bundle, one.begin, one.entry); err != nil {
		return "", err
	}
	if err := one.end(); err != nil {
		return "", err
	}
	what := "whose inclusion is proved"
	if one.tree != nil {
		what = fmt.Sprintf("from %d to the end, which give its root", one.header.Range.First)
	}
	return fmt.Sprintf("VERIFIED: %d events %s, in the tree of size %d with the root %s, signed by %s",
		one.entries, what, one.now.size, one.now.root, one.opener.verifier.Name()), nil
}

func (one *judge) begin(found header) error {
	one.header = found
	if found.Format != "perennial-bundle/1" {
		return fmt.Errorf("the format %q is unknown", found.Format)
	}
	if (found.Range == nil) == (found.Candidate == nil) || (found.Records == nil) != (found.Candidate == nil) {
		return fmt.Errorf("a bundle is either of a range or of a candidate")
	}
	if one.asked.key != nil && *one.asked.key != found.VerifierKey {
		return fmt.Errorf("the bundle's key is not the one that was named")
	}
	verifier, err := note.NewVerifier(found.VerifierKey)
	if err != nil {
		return fmt.Errorf("the verifier key cannot be read: %w", err)
	}
	if err := keyIsWrittenRight(found.VerifierKey, found.Origin, verifier); err != nil {
		return err
	}
	one.opener = opener{found.Origin, verifier}
	if one.now, err = one.opener.open(found.Checkpoint); err != nil {
		return err
	}
	if err := one.olderHold(); err != nil {
		return err
	}
	return one.beginRange()
}

// keyIsWrittenRight refuses a key text that means the same but is written otherwise, or names another log.
func keyIsWrittenRight(text, origin string, verifier note.Verifier) error {
	parts := strings.SplitN(text, "+", 3)
	data, err := base64.StdEncoding.Strict().DecodeString(parts[2])
	if err != nil || base64.StdEncoding.EncodeToString(data) != parts[2] {
		return fmt.Errorf("the verifier key is not base64 written in the one right way")
	}
	if verifier.Name() != origin || parts[1] != fmt.Sprintf("%08x", verifier.KeyHash()) {
		return fmt.Errorf("the verifier key is not one of the log %q", origin)
	}
	return nil
}

// olderHold checks that the tree of now extends every older one that the bundle names, and the one that was asked for.
func (one *judge) olderHold() error {
	known := map[int64]tlog.Hash{one.now.size: one.now.root}
	before := int64(0)
	for _, older := range one.header.Checkpoints {
		found, err := one.opener.open(older.Note)
		if err != nil {
			return err
		}
		if found.size <= before || found.size >= one.now.size {
			return fmt.Errorf("the older checkpoints do not stand in order of their sizes")
		}
		hashes, err := decodedAll(older.Proof)
		if err != nil {
			return err
		}
		if err := tlog.CheckTree(hashes, one.now.size, one.now.root, found.size, found.root); err != nil {
			return fmt.Errorf("the tree does not extend that of size %d: %w", found.size, err)
		}
		known[found.size], before = found.root, found.size
	}
	if one.asked.checkpoint == nil {
		return nil
	}
	return one.extendsThatOf(*one.asked.checkpoint, known)
}

func (one *judge) extendsThatOf(path string, known map[int64]tlog.Hash) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	held, err := one.opener.open(string(text))
	if err != nil {
		return err
	}
	if held.size > one.now.size {
		return fmt.Errorf("the bundle is older than the checkpoint of size %d and shows nothing about it", held.size)
	}
	root, there := known[held.size]
	if !there {
		return fmt.Errorf("the bundle has no proof from the checkpoint of size %d", held.size)
	}
	if root != held.root {
		return fmt.Errorf("the history was rewritten: two different trees of size %d are signed", held.size)
	}
	return nil
}

func (one *judge) beginRange() error {
	if one.header.Range == nil {
		return nil
	}
	prefix, err := decodedAll(one.header.Range.Prefix)
	if err != nil {
		return err
	}
	one.tree, err = newCompactRange(one.header.Range.First, prefix)
	return err
}

func (one *judge) entry(next entry) error {
	found, err := leafOf(next)
	if err != nil {
		return err
	}
	if found.Origin != one.now.origin {
		return fmt.Errorf("leaf %d is of the log %q", next.Index, found.Origin)
	}
	if next.Index <= one.index || found.Position <= one.position {
		return fmt.Errorf("leaf %d is not in the order of the log", next.Index)
	}
	one.index, one.position, one.entries = next.Index, found.Position, one.entries+1
	if err := one.followsInItsStream(next.Index, found); err != nil {
		return err
	}
	if found.Type == "candidates-merged.v1" || found.Type == "candidates-unmerged.v1" {
		if err := one.rememberMerge(next); err != nil {
			return err
		}
	}
	return one.included(next)
}

// followsInItsStream refuses a gap in a stream's versions. A range that begins late may begin in the middle of one.
func (one *judge) followsInItsStream(index int64, found leaf) error {
	before, known := one.versions[found.Stream]
	whole := one.header.Range == nil || one.header.Range.First == 0
	if (known || whole) && found.Version != before+1 {
		return fmt.Errorf("leaf %d is version %d of its stream, after version %d", index, found.Version, before)
	}
	one.versions[found.Stream] = found.Version
	return nil
}

func (one *judge) included(next entry) error {
	if one.tree != nil {
		if next.Proof != nil || next.Index != one.tree.size {
			return fmt.Errorf("leaf %d stands where leaf %d should", next.Index, one.tree.size)
		}
		one.tree.append(tlog.RecordHash([]byte(next.Leaf)))
		return nil
	}
	if next.Proof == nil {
		return fmt.Errorf("leaf %d has no proof", next.Index)
	}
	hashes, err := decodedAll(*next.Proof)
	if err != nil {
		return err
	}
	root := one.now.root
	err = tlog.CheckRecord(hashes, one.now.size, root, next.Index, tlog.RecordHash([]byte(next.Leaf)))
	if err != nil {
		return fmt.Errorf("leaf %d is not in the tree: %w", next.Index, err)
	}
	return nil
}

func (one *judge) end() error {
	if one.tree != nil {
		if one.tree.size != one.now.size || one.tree.root() != one.now.root {
			return fmt.Errorf("%d leaves do not give the signed root of %d", one.tree.size, one.now.size)
		}
		return nil
	}
	return one.recordsAreAllOfThePerson()
}

func (one *judge) rememberMerge(next entry) error {
	var two map[string]interface{}
	if err := json.Unmarshal(next.Clear, &two); err != nil {
		return fmt.Errorf("leaf %d is no merge: %w", next.Index, err)
	}
	survivor, named := two["survivor"].(string)
	absorbed, too := two["absorbed"].(string)
	if !named || !too {
		return fmt.Errorf("leaf %d is no merge", next.Index)
	}
	one.merged[survivor] = append(one.merged[survivor], absorbed)
	one.merged[absorbed] = append(one.merged[absorbed], survivor)
	return nil
}

// recordsAreAllOfThePerson: every record ever merged with the candidate is there, whole, and no other stream.
func (one *judge) recordsAreAllOfThePerson() error {
	reached, waiting := map[string]bool{*one.header.Candidate: true}, []string{*one.header.Candidate}
	for len(waiting) > 0 {
		for _, linked := range one.merged[waiting[0]] {
			if !reached[linked] {
				reached[linked] = true
				waiting = append(waiting, linked)
			}
		}
		waiting = waiting[1:]
	}
	for _, record := range *one.header.Records {
		if !reached[record.Record] || record.Events < 1 || one.versions[record.Record] != record.Events {
			return fmt.Errorf("the record %s is not the candidate's, or has not %d events", record.Record, record.Events)
		}
		delete(reached, record.Record)
		delete(one.versions, record.Record)
	}
	if len(reached) > 0 || len(one.versions) > 0 {
		return fmt.Errorf("the streams in it are not exactly the records of the candidate")
	}
	return nil
}
