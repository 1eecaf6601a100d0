package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// TestCurrent generates once more and compares with what is committed, as content: compressed bytes depend on the
// version of Go.
func TestCurrent(t *testing.T) {
	t.Parallel()
	fresh := filepath.Join(t.TempDir(), "schema.json.gz")
	if err := run(fresh); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(content(t, fresh), content(t, "../../schema.json.gz")) {
		t.Error("schema.json.gz is not what its sources say: run go run ./gen")
	}
}

func content(t *testing.T, name string) []byte {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	zr, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(zr)
	if err != nil {
		t.Fatal(err)
	}
	return body
}
