package image

import (
	"archive/tar"
	"bytes"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"runtime/debug"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Bill writes the bill of materials of a program's image and returns it: SPDX 2.3 as JSON, with every module that is in the binary.
// It is read from the image itself, so it cannot tell of anything else; the same image gives the same bill.
func (s Store) Bill(name string) ([]byte, error) {
	image, id, err := s.Image(name)
	if err != nil {
		return nil, err
	}
	digest, err := image.Digest()
	if err != nil {
		return nil, err
	}
	binary, certificates, err := contents(image, name)
	if err != nil {
		return nil, err
	}
	info, err := buildinfo.Read(bytes.NewReader(binary))
	if err != nil {
		return nil, fmt.Errorf("binary of %s: %w", name, err)
	}
	document := newBill(name, digest, id)
	document.addModules(info, id.Version)
	document.add(golang(rootsModule, rootsVersionIn(certificates)), "CONTAINS", imageID)
	text, err := json.MarshalIndent(document, "", " ")
	if err != nil {
		return nil, err
	}
	text = append(text, '\n')
	return text, write(s.BillFile(name), text)
}

// contents reads the two files of an image and refuses any other.
func contents(image v1.Image, name string) (binary, certificates []byte, err error) {
	err = eachFile(image, func(header *tar.Header, content io.Reader) error {
		if header.Typeflag == tar.TypeDir {
			return nil
		}
		text, err := io.ReadAll(content)
		switch header.Name {
		case name:
			binary = text
		case RootsPath:
			certificates = text
		default:
			return fmt.Errorf("image of %s: %s should not be in it", name, header.Name)
		}
		return err
	})
	return binary, certificates, err
}

// imageID is the id of the image in its own bill.
const imageID = "SPDXRef-Image"

// The bill, with the names that SPDX 2.3 has for its fields.
type (
	bill struct {
		Version       string         `json:"spdxVersion"`
		License       string         `json:"dataLicense"`
		ID            string         `json:"SPDXID"`
		Name          string         `json:"name"`
		Namespace     string         `json:"documentNamespace"`
		Creation      creation       `json:"creationInfo"`
		Packages      []material     `json:"packages"`
		Relationships []relationship `json:"relationships"`
	}
	creation struct {
		Created  string   `json:"created"`
		Creators []string `json:"creators"`
	}
	material struct {
		ID        string     `json:"SPDXID"`
		Name      string     `json:"name"`
		Version   string     `json:"versionInfo"`
		Purpose   string     `json:"primaryPackagePurpose"`
		Location  string     `json:"downloadLocation"`
		Analyzed  bool       `json:"filesAnalyzed"`
		Checksums []checksum `json:"checksums,omitempty"`
		Source    string     `json:"sourceInfo,omitempty"`
		Concluded string     `json:"licenseConcluded"`
		Declared  string     `json:"licenseDeclared"`
		Copyright string     `json:"copyrightText"`
		External  []external `json:"externalRefs"`
	}
	checksum struct {
		Algorithm string `json:"algorithm"`
		Value     string `json:"checksumValue"`
	}
	external struct {
		Category string `json:"referenceCategory"`
		Type     string `json:"referenceType"`
		Locator  string `json:"referenceLocator"`
	}
	relationship struct {
		From string `json:"spdxElementId"`
		Kind string `json:"relationshipType"`
		To   string `json:"relatedSpdxElement"`
	}
)

// nobodySaid is how SPDX writes that a fact was not looked up.
const nobodySaid = "NOASSERTION"

func newBill(name string, digest v1.Hash, id Identity) *bill {
	b := &bill{
		Version: "SPDX-2.3", License: "CC0-1.0", ID: "SPDXRef-DOCUMENT", Name: name + "-" + id.Version,
		Namespace: source + "/spdx/" + name + "/" + digest.Hex,
		Creation:  creation{Created: id.Created.UTC().Format(time.RFC3339), Creators: []string{"Tool: cartwright-image"}},
	}
	self := newMaterial(imageID, name, id.Version, "pkg:oci/"+name+"@sha256%3A"+digest.Hex)
	self.Purpose, self.Declared = "CONTAINER", "Apache-2.0"
	self.Checksums = []checksum{{Algorithm: "SHA256", Value: digest.Hex}}
	self.Source = "built from commit " + id.Revision
	b.add(self, "DESCRIBES", b.ID)
	return b
}

// add puts a material into the bill, and how it is related to another.
func (b *bill) add(m material, kind, to string) {
	b.Packages = append(b.Packages, m)
	b.Relationships = append(b.Relationships, relationship{From: to, Kind: kind, To: m.ID})
}

// addModules adds the program's module, what it was linked with, and the standard library.
func (b *bill) addModules(info *debug.BuildInfo, version string) {
	main := ours(info.Main.Path, version)
	b.add(main, "CONTAINS", imageID)
	for _, d := range info.Deps {
		m := golang(d.Path, d.Version)
		switch {
		case strings.HasPrefix(d.Path, module+"/"):
			m = ours(d.Path, version)
		case d.Replace != nil:
			m = golang(d.Replace.Path, d.Replace.Version)
			m.Source = "go.sum " + d.Replace.Sum
		case d.Sum != "":
			m.Source = "go.sum " + d.Sum
		}
		b.add(m, "DEPENDS_ON", main.ID)
	}
	b.add(golang("stdlib", strings.TrimPrefix(info.GoVersion, "go")), "DEPENDS_ON", main.ID)
}

// ours is a module of this repository. It has no version of its own but that of the image.
func ours(path, version string) material {
	m := golang(path, version)
	m.Declared = "Apache-2.0"
	return m
}

func golang(path, version string) material {
	purl := "pkg:golang/" + path + "@" + strings.ReplaceAll(version, "+", "%2B")
	return newMaterial("SPDXRef-"+notInIDs.ReplaceAllString(path, "-"), path, version, purl)
}

// notInIDs are the characters that an id of SPDX cannot have.
var notInIDs = regexp.MustCompile(`[^A-Za-z0-9.-]`)

func newMaterial(id, name, version, purl string) material {
	return material{
		ID: id, Name: name, Version: version, Purpose: "LIBRARY", Location: nobodySaid, Concluded: nobodySaid, Declared: nobodySaid,
		Copyright: nobodySaid, External: []external{{Category: "PACKAGE-MANAGER", Type: "purl", Locator: purl}},
	}
}
