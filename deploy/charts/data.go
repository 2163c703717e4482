package charts

import (
	"slices"
	"strconv"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

const (
	// largestPool is what one pod may take of a database; more queue there without being faster.
	largestPool = 32
	// migrationConnections are those of one run: one that works and one that holds the lock.
	migrationConnections = 2
)

func dataRules() []Rule {
	return []Rule{
		{"migrations run before, as the owner", "new code would meet an old schema, or serve with rights to change it", false, checkMigration},
		{"a server knows nothing of the owner", "a break-in could change tables instead of rows", false, checkOwner},
		{"pools have a size", "a wave of pods would take all connections of the database", false, checkPool},
		{"files that settings name are mounted", "a service would not start", true, checkMounts},
	}
}

const (
	ownerURL = "OWNER_DATABASE_URL"
	adminURL = "ADMIN_DATABASE_URL"
)

func checkMigration(r *Release) []string {
	var c complain
	var jobs []*batchv1.Job
	for _, job := range all[*batchv1.Job](r.Manifest) {
		if job.Labels["app.kubernetes.io/component"] == "migrate" {
			jobs = append(jobs, job)
		}
	}
	if !r.hasDatabase() {
		c.when(len(jobs) > 0, "%s: migrates without a database", r.Chart)
		return c.lines
	}
	c.when(len(jobs) != 1, "%d jobs migrate", len(jobs))
	for _, job := range jobs {
		k := job.Spec.Template.Spec.Containers[0]
		c.when(!isHook(job, "pre-install") || !isHook(job, "pre-upgrade") || isHook(job, "pre-rollback"), "Job %s: runs at %q", job.Name, hook(job))
		c.when(!slices.Equal(k.Args, []string{"migrate"}), "Job %s: does %v", job.Name, k.Args)
		c.when(job.Spec.ActiveDeadlineSeconds == nil || job.Spec.BackoffLimit == nil, "Job %s: may run for ever", job.Name)
		for _, d := range r.deployments() {
			c.when(k.Image != d.Spec.Template.Spec.Containers[0].Image, "Job %s: migrates with another image than serves", job.Name)
		}
		c.when(!slices.ContainsFunc(k.Env, func(v corev1.EnvVar) bool { return v.Name == ownerURL+"_FILE" }), "Job %s: has no URL of the owner", job.Name)
		c.when(slices.ContainsFunc(k.Env, func(v corev1.EnvVar) bool { return v.Name == "DATABASE_URL_FILE" }), "Job %s: has the URL of the app", job.Name)
		before := func(name string, found bool, weight string) {
			n, err := strconv.Atoi(weight)
			own, _ := strconv.Atoi(job.Annotations["helm.sh/hook-weight"])
			c.when(!found || err != nil || n >= own, "Job %s: runs before its %s is there", job.Name, name)
		}
		account, policy := hookBefore[*corev1.ServiceAccount](r.Manifest, job.Spec.Template.Spec.ServiceAccountName), policyOf(r.Manifest, job.Spec.Template.Labels)
		before("account", account != "", account)
		before("network policy", policy != "", policy)
	}
	return c.lines
}

// hookBefore is the weight of a hook by its name, empty when there is none.
func hookBefore[T interface {
	GetName() string
	GetAnnotations() map[string]string
}](m *Manifest, name string) string {
	for _, o := range m.Objects {
		if one, ok := o.(T); ok && one.GetName() == name {
			return one.GetAnnotations()["helm.sh/hook-weight"]
		}
	}
	return ""
}

func policyOf(m *Manifest, labels map[string]string) string {
	for _, policy := range all[*networkingv1.NetworkPolicy](m) {
		if selects(policy.Spec.PodSelector, labels) {
			return policy.Annotations["helm.sh/hook-weight"]
		}
	}
	return ""
}

// secretsOf are the Secrets that a pod mounts.
func secretsOf(p pod) []string {
	var names []string
	for _, v := range p.spec.Volumes {
		if v.Secret != nil {
			names = append(names, v.Secret.SecretName)
		}
		if v.Projected != nil {
			for _, source := range v.Projected.Sources {
				if source.Secret != nil {
					names = append(names, source.Secret.Name)
				}
			}
		}
	}
	return names
}

func checkOwner(r *Release) []string {
	var c complain
	var owners []string
	for _, p := range r.pods() {
		if strings.HasPrefix(p.name, "Job ") {
			owners = append(owners, secretsOf(p)...)
		}
	}
	for _, p := range r.pods() {
		if strings.HasPrefix(p.name, "Job ") {
			continue
		}
		for _, v := range p.container().Env {
			c.when(strings.HasPrefix(v.Name, ownerURL) || strings.HasPrefix(v.Name, adminURL), "%s: has the URL of the owner", p.name)
		}
		for _, name := range secretsOf(p) {
			c.when(slices.Contains(owners, name), "%s: mounts Secret %s of the owner", p.name, name)
		}
	}
	for _, s := range all[*corev1.Secret](r.Manifest) {
		_, owner := s.StringData[ownerURL]
		_, admin := s.StringData[adminURL]
		c.when(owner && !admin && len(s.StringData) > 1, "Secret %s: keeps the owner's URL beside others", s.Name)
		c.when((owner || admin) && !isHook(s, "pre-upgrade"), "Secret %s: the owner's URL stays when the migration is done", s.Name)
	}
	return c.lines
}

func checkPool(r *Release) []string {
	var c complain
	for _, p := range r.pods() {
		if !p.server || !r.hasDatabase() && !r.single() {
			continue
		}
		size, err := strconv.Atoi(p.connections())
		least := 2
		if r.single() {
			least = 1
		}
		c.when(err != nil || size < least || size > largestPool, "%s: a pool of %q connections", p.name, p.connections())
	}
	return c.lines
}

// checkMounts wants every NAME_FILE under a volume that is mounted and has that file.
func checkMounts(r *Release) []string {
	var c complain
	for _, p := range r.pods() {
		for _, v := range p.container().Env {
			if strings.HasSuffix(v.Name, "_FILE") {
				c.when(!mounted(p, v.Value), "%s: %s is %s, where nothing is mounted", p.name, v.Name, v.Value)
			}
		}
	}
	return c.lines
}

func mounted(p pod, file string) bool {
	for _, m := range p.container().VolumeMounts {
		path, inside := strings.CutPrefix(file, m.MountPath+"/")
		if !inside {
			continue
		}
		for _, v := range p.spec.Volumes {
			if v.Name != m.Name {
				continue
			}
			if v.Projected == nil {
				return v.Secret != nil
			}
			for _, source := range v.Projected.Sources {
				if source.Secret != nil && slices.ContainsFunc(source.Secret.Items, func(k corev1.KeyToPath) bool { return k.Path == path }) {
					return true
				}
			}
		}
	}
	return false
}

// connections is how many connections of its database a server has at most, as it is told: in its environment, or the auditor by a flag.
// Empty when it is told nothing.
func (p pod) connections() string {
	for _, argument := range p.container().Args {
		if number, found := strings.CutPrefix(argument, "-connections="); found {
			return number
		}
	}
	return p.env("DATABASE_MAX_CONNS")
}

// Connections is how many connections a release takes from its database at most: every pod that the autoscaler may ask for, those of
// a rollout on top, and a migration.
func (r *Release) Connections() int {
	total := 0
	for _, d := range r.deployments() {
		pods := 0
		if d.Spec.Replicas != nil {
			pods = int(*d.Spec.Replicas)
		}
		if h := scalerOf(r, d.Name); h != nil {
			pods = int(h.Spec.MaxReplicas)
		}
		if s := d.Spec.Strategy.RollingUpdate; s != nil && s.MaxSurge != nil {
			pods += s.MaxSurge.IntValue()
		}
		if size, err := strconv.Atoi(podOf(d).connections()); err == nil {
			total += pods*size + migrationConnections
		}
	}
	return total
}
