package image

import (
	"context"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// Docker builds an image from the files that are in the store with docker buildx, for those who want it in their daemon. What is
// released is the image in the store: docker writes the same files into other layers, so its digest is another.
func (s Store) Docker(ctx context.Context, t Tools, program string) error {
	what := "docker build of " + program
	_, id, err := s.Image(program)
	if err != nil {
		return err
	}
	docker := t.path("docker")
	if docker == "" {
		return &NotRunError{what, "docker is not installed"}
	}
	for _, question := range [][]string{{"info"}, {"buildx", "version"}} {
		if err := exec.CommandContext(ctx, docker, question...).Run(); err != nil {
			return &NotRunError{what, "docker " + question[0] + ": no daemon or no buildx: " + err.Error()}
		}
	}
	return t.run(ctx, step{what: what, argv: []string{
		"docker", "buildx", "build", "--file", filepath.Join(t.Root, "deploy", "image", "Dockerfile"), "--provenance=false",
		"--build-arg", "SERVICE=" + program, "--build-arg", "VERSION=" + id.Version, "--build-arg", "REVISION=" + id.Revision,
		"--build-arg", "CREATED=" + id.Created.Format(time.RFC3339), "--build-arg", "SOURCE_DATE_EPOCH=" + strconv.FormatInt(id.Created.Unix(), 10),
		"--output", "type=docker,rewrite-timestamp=true", "--tag", program + ":" + id.Version, s.files(program),
	}})
}
