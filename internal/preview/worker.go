package preview

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
)

// request is what a worker reads first; Size bytes of a picture follow.
type request struct {
	Edge uint32
	Size uint64
}

// answer is what it writes first; the JPEG follows.
type answer struct {
	Code          uint8
	Width, Height uint32
}

// codes are the errors that a worker can answer; 0 is success.
var codes = [...]error{1: ErrUnsupported, 2: ErrTooLarge, 3: ErrDamaged}

// Work is all that a worker does: give up every right, read one picture, write its preview, end. The arguments are the bytes of
// memory and the seconds of processor time that it may use.
func Work(args []string, in io.Reader, out io.Writer) error {
	memory, err := begin(args)
	if err != nil {
		return err
	}
	var r request
	if err := binary.Read(in, binary.BigEndian, &r); err != nil {
		return err
	}
	picture := bufio.NewReaderSize(io.LimitReader(in, int64(r.Size)), 256<<10)
	b, size, err := render(picture, int64(r.Size), int(r.Edge), memory)
	a := answer{Width: uint32(size.Width), Height: uint32(size.Height)}
	for code, e := range codes {
		if e != nil && errors.Is(err, e) {
			a.Code, err = uint8(code), nil
		}
	}
	if err != nil {
		return err
	}
	if err := binary.Write(out, binary.BigEndian, a); err != nil {
		return err
	}
	_, err = out.Write(b)
	return err
}

// begin gives up what the arguments do not leave, and returns the bytes of memory that they do.
func begin(args []string) (int64, error) {
	if len(args) != 2 {
		return 0, errors.New("bytes and seconds are wanted")
	}
	memory, err := strconv.ParseInt(args[0], 10, 64)
	if err != nil {
		return 0, err
	}
	seconds, err := strconv.ParseInt(args[1], 10, 64)
	if err != nil {
		return 0, err
	}
	if err := confine(memory, time.Duration(seconds)*time.Second); err != nil {
		return 0, fmt.Errorf("confine: %w", err)
	}
	return memory, nil
}
