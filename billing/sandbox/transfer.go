package sandbox

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v81"
)

// Bounds of an import: all of it, and one line.
const (
	maxImport     = 512 << 20
	maxImportLine = 16 << 20
)

// exportHeader is the first line of an export.
type exportHeader struct {
	Sandbox    int    `json:"sandbox"`     // The format's version.
	APIVersion string `json:"api_version"` // Objects of another version have other shapes.
	Now        int64  `json:"now"`         // Virtual time, in unix seconds: where the imported clock goes on.
}

const exportFormat = 1

// exportRow is every further line: one row of one table.
type exportRow struct {
	Table string                     `json:"table"`
	Row   map[string]json.RawMessage `json:"row"`
}

// stateTable is a table of the database and its columns.
type stateTable struct {
	name    string
	columns []string
}

// stateTables are all tables but the settings. They are read from the database itself, so that a new one is never
// forgotten by a reset or an export.
func (tx *Tx) stateTables() ([]stateTable, error) {
	rows, err := tx.sql.Query(`SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c
		WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name <> 'meta' ORDER BY m.name, c.cid`)
	if err != nil {
		return nil, fmt.Errorf("list tables: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []stateTable
	for rows.Next() {
		var name, column string
		if err := rows.Scan(&name, &column); err != nil {
			return nil, fmt.Errorf("list tables: %w", err)
		}
		if len(out) == 0 || out[len(out)-1].name != name {
			out = append(out, stateTable{name: name})
		}
		last := &out[len(out)-1]
		last.columns = append(last.columns, column)
	}
	return out, rows.Err()
}

// ownSettings belong to one installation and stay where they are: who it is, its keys, and its clock, which the header
// carries as a time.
func ownSettings() []string {
	return []string{"account_id", "secret_key", "publishable_key", "webhook_secret", "clock_offset"}
}

// Export writes the whole sandbox as JSON lines: a header, then one line for each row. It is for fixtures, for
// demonstrations and for a bug report. API keys are not in it; the secrets of registered webhook endpoints are.
func (s *Sandbox) Export(ctx context.Context, w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	err := s.View(ctx, func(tx *Tx) error {
		if err := enc.Encode(exportHeader{exportFormat, stripe.APIVersion, tx.Now()}); err != nil {
			return err
		}
		stored, err := tx.stateTables()
		if err != nil {
			return err
		}
		for _, table := range append(stored, metaTable()) {
			if err := tx.exportTable(enc, table); err != nil {
				return fmt.Errorf("%s: %w", table.name, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("sandbox: export: %w", err)
	}
	return nil
}

func metaTable() stateTable { return stateTable{name: "meta", columns: []string{"key", "value"}} }

func (tx *Tx) exportTable(enc *json.Encoder, table stateTable) error {
	rows, err := tx.sql.Query(`SELECT ` + strings.Join(table.columns, ", ") + ` FROM ` + table.name + ` ORDER BY rowid`)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	values := make([]any, len(table.columns))
	into := make([]any, len(values))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		row := map[string]json.RawMessage{}
		for i, column := range table.columns {
			if row[column], err = exportValue(column, values[i]); err != nil {
				return err
			}
		}
		if table.name == "meta" && slices.Contains(ownSettings(), fmt.Sprint(values[0])) {
			continue
		}
		if err := enc.Encode(exportRow{table.name, row}); err != nil {
			return err
		}
	}
	return rows.Err()
}

// exportValue shows an object as the JSON that it is, and everything else as a text or a number.
func exportValue(column string, value any) (json.RawMessage, error) {
	if raw, ok := value.([]byte); ok {
		value = string(raw)
	}
	if text, ok := value.(string); ok && column == "data" && json.Valid([]byte(text)) {
		return json.RawMessage(text), nil
	}
	return json.Marshal(value)
}

// Import puts an export in the place of everything but the account and its keys. The clock goes on from where the
// export's stood, and deliveries that were under way are made. What is no export changes nothing.
func (s *Sandbox) Import(ctx context.Context, r io.Reader) error {
	if err := s.importAll(ctx, r); err != nil {
		return fmt.Errorf("sandbox: import: %w", err)
	}
	return s.announceReset(ctx)
}

func (s *Sandbox) importAll(ctx context.Context, r io.Reader) error {
	s.standStill()
	defer s.moveOn()
	lines := bufio.NewScanner(io.LimitReader(r, maxImport))
	lines.Buffer(make([]byte, 0, 64<<10), maxImportLine)
	err := s.Do(ctx, func(tx *Tx) error {
		header, err := readHeader(lines)
		if err != nil {
			return err
		}
		if err := tx.empty(); err != nil {
			return err
		}
		if err := tx.forgetSettings(); err != nil {
			return err
		}
		if err := tx.importRows(lines); err != nil {
			return err
		}
		offset := int64(time.Unix(header.Now, 0).Sub(s.opts.Now()))
		if err := tx.setMeta("clock_offset", fmt.Sprint(offset)); err != nil {
			return err
		}
		tx.offset, tx.emitted = &offset, true
		return tx.forwardTo(s.opts.WebhookURL)
	})
	if err != nil {
		return err
	}
	s.mode.Store(Causal)
	return s.View(ctx, func(tx *Tx) error { return errors.Join(s.restoreMode(tx), s.restoreTestClocks(tx), s.restoreHold(tx)) })
}

// forgetSettings deletes what was set here and may not be set in the import.
func (tx *Tx) forgetSettings() error {
	own := ownSettings()
	args := make([]any, len(own))
	for i, key := range own {
		args[i] = key
	}
	_, err := tx.sql.Exec(`DELETE FROM meta WHERE key NOT IN (?`+strings.Repeat(", ?", len(own)-1)+`)`, args...)
	if err != nil {
		return fmt.Errorf("forget settings: %w", err)
	}
	return nil
}

func readHeader(lines *bufio.Scanner) (exportHeader, error) {
	var header exportHeader
	if !lines.Scan() {
		return header, errors.Join(errors.New("it is empty"), lines.Err())
	}
	if err := json.Unmarshal(lines.Bytes(), &header); err != nil || header.Sandbox == 0 {
		return header, errors.New("the first line is not the header of an export")
	}
	if header.Sandbox != exportFormat || header.APIVersion != stripe.APIVersion {
		return header, fmt.Errorf("it has format %d and API version %s; this sandbox reads %d and %s",
			header.Sandbox, header.APIVersion, exportFormat, stripe.APIVersion)
	}
	return header, nil
}

// importRows inserts what the lines say, into tables and columns that there are.
func (tx *Tx) importRows(lines *bufio.Scanner) error {
	stored, err := tx.stateTables()
	if err != nil {
		return err
	}
	stored = append(stored, metaTable())
	for n := 2; lines.Scan(); n++ {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		var row exportRow
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		at := slices.IndexFunc(stored, func(t stateTable) bool { return t.name == row.Table })
		if at < 0 {
			return fmt.Errorf("line %d: there is no table %q", n, row.Table)
		}
		if err := tx.importRow(stored[at], row.Row); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	return lines.Err()
}

func (tx *Tx) importRow(table stateTable, row map[string]json.RawMessage) error {
	if _, named := row["key"]; len(row) == 0 || table.name == "meta" && !named {
		return fmt.Errorf("a row of %s lacks its columns", table.name)
	}
	var columns []string
	var values []any
	for column, raw := range row {
		if !slices.Contains(table.columns, column) {
			return fmt.Errorf("%s has no column %q", table.name, column)
		}
		value, err := importValue(raw)
		if err != nil {
			return err
		}
		columns, values = append(columns, column), append(values, value)
	}
	if table.name == "meta" && slices.Contains(ownSettings(), fmt.Sprint(values[slices.Index(columns, "key")])) {
		return nil
	}
	_, err := tx.sql.Exec(`INSERT OR REPLACE INTO `+table.name+` (`+strings.Join(columns, ", ")+`) VALUES (?`+
		strings.Repeat(", ?", len(columns)-1)+`)`, values...)
	return err
}

// importValue is the reverse of exportValue: an object goes back to its text, and a number stays whole.
func importValue(raw json.RawMessage) (any, error) {
	switch {
	case len(raw) == 0 || bytes.Equal(raw, []byte("null")):
		return nil, nil
	case raw[0] == '{':
		return string(raw), nil
	case raw[0] == '"':
		var text string
		err := json.Unmarshal(raw, &text)
		return text, err
	default:
		var n int64
		err := json.Unmarshal(raw, &n)
		return n, err
	}
}
