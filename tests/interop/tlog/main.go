// Reads a log's checkpoint and tiles with golang.org/x/mod/sumdb, which knows nothing of this project.
//
//	tlog VERIFIER-KEY FOLDER [LEAF...]
//
// FOLDER holds the static files of one shard. Every LEAF, a place in the tree, is proved to be in it; and the tree of half the size is proved to be its beginning.
package main

import (
	"encoding/hex"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type tiles struct{ folder string }

func (t tiles) Height() int                     { return 8 }
func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range wanted {
		// sumdb's paths name the height, C2SP's tlog-tiles leave it out.
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		content, err := os.ReadFile(filepath.Join(t.folder, path))
		if err != nil {
			return nil, err
		}
		found = append(found, content)
	}
	return found, nil
}

func main() {
	log.SetFlags(0)
	verifier, err := note.NewVerifier(os.Args[1])
	check(err)
	folder := os.Args[2]
	text, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	check(err)
	opened, err := note.Open(text, note.VerifierList(verifier))
	check(err)
	lines := strings.Split(opened.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err)
	root, err := tlog.ParseHash(lines[2])
	check(err)
	tree := tlog.Tree{N: size, Hash: root}
	reader := tlog.TileHashReader(tree, tiles{folder})
	for _, place := range os.Args[3:] {
		leaf, err := strconv.ParseInt(place, 10, 64)
		check(err)
		hashes, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, leaf)})
		check(err)
		proof, err := tlog.ProveRecord(size, leaf, reader)
		check(err)
		check(tlog.CheckRecord(proof, size, root, leaf, hashes[0]))
		fmt.Println(leaf, hex.EncodeToString(hashes[0][:]), len(proof))
	}
	half := size / 2
	before, err := tlog.TreeHash(half, reader)
	check(err)
	proof, err := tlog.ProveTree(size, half, reader)
	check(err)
	check(tlog.CheckTree(proof, size, root, half, before))
	fmt.Println(lines[0], size, hex.EncodeToString(root[:]))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
