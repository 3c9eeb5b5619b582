package docker

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/moby/moby/client"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// upload puts files into a container, by one request. Folders that are missing are made.
func (k *containers) upload(ctx context.Context, id string, files map[string]platform.ContainerFile) error {
	if len(files) == 0 {
		return nil
	}
	archive, err := packedFiles(files)
	if err != nil {
		return err
	}
	_, err = k.client.CopyToContainer(ctx, id, client.CopyToContainerOptions{DestinationPath: "/", Content: archive})
	return platform.At(failed("put files into the container", id, err), "files")
}

func packedFiles(files map[string]platform.ContainerFile) (*bytes.Buffer, error) {
	buffer := new(bytes.Buffer)
	w := tar.NewWriter(buffer)
	for _, key := range platform.Keys(files) {
		f := files[key]
		content, err := fileContent(f)
		if err != nil {
			return nil, platform.At(platform.As(platform.ErrInvalid, err), "files", key, "content_base64")
		}
		header := &tar.Header{Name: strings.TrimPrefix(f.Path, "/"), Mode: fileMode(f), Size: int64(len(content)), ModTime: time.Now()}
		if err := w.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := w.Write(content); err != nil {
			return nil, err
		}
	}
	return buffer, w.Close()
}

func fileContent(f platform.ContainerFile) ([]byte, error) {
	if f.ContentBase64 != nil {
		return base64.StdEncoding.DecodeString(*f.ContentBase64)
	}
	return []byte(value(f.Content)), nil
}

func fileMode(f platform.ContainerFile) int64 {
	if mode, err := strconv.ParseInt(value(f.Mode), 8, 64); err == nil {
		return mode
	}
	return 0o644
}

// holds reports whether a container has a file with this content and these permissions already.
func (k *containers) holds(ctx context.Context, id string, f platform.ContainerFile) (bool, error) {
	answer, err := k.client.CopyFromContainer(ctx, id, client.CopyFromContainerOptions{SourcePath: f.Path})
	if isNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, failed("look at a file of the container", id+":"+f.Path, err)
	}
	defer answer.Content.Close()
	want, err := fileContent(f)
	if err != nil {
		return false, nil
	}
	r := tar.NewReader(answer.Content)
	header, err := r.Next()
	if err != nil || header.Typeflag != tar.TypeReg || header.Size != int64(len(want)) || header.Mode&0o7777 != fileMode(f) {
		return false, err
	}
	is, err := io.ReadAll(r)
	return bytes.Equal(is, want), err
}
