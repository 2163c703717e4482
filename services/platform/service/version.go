package service

import "runtime/debug"

// unstamped is the stamp of a binary that was built for development.
const unstamped = "devel"

// stamp is the version and the commit of a binary that was built to be released. The linker writes it: deploy/image builds with
// -X and without the metadata of the version control system, which would make two builds of one commit differ.
var stamp = unstamped

// Version is what the running binary calls itself in logs, in metrics and for the command version.
func Version() string {
	info, _ := debug.ReadBuildInfo()
	return versionOf(stamp, info)
}

// versionOf is the stamp if there is one, else the revision that the go command recorded, else "unknown".
func versionOf(stamp string, info *debug.BuildInfo) string {
	if stamp != unstamped {
		return stamp
	}
	if info == nil {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value[:min(12, len(s.Value))]
		}
	}
	if info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}
