{{- /*
cartwright.auditor is the program that looks at all data of a shop again and again. Nobody calls it, and it keeps nothing: there is one
pod. A second one would read everything a second time and find the same; while the one is replaced or moved, the next audit is a minute
later. So nothing scales it, no budget keeps its node from being drained, and an old pod ends before the new one begins.

Alerts know it as "audit" (its label, and with it its job), so its chart's dict has name; user is its role, which is no service's.
*/ -}}
{{- define "cartwright.auditor" -}}
{{- $secrets := include "cartwright.secrets" . | fromJson }}
{{- include "cartwright.account" . }}
{{- with $secrets.create }}{{ include "cartwright.secret" (dict "c" $ "component" "server" "name" (include "cartwright.part" (dict "c" $ "part" "secret")) "values" .) }}{{ end }}
{{- with $secrets.external }}
{{- include "cartwright.externalSecret" (dict "c" $ "component" "server" "name" (include "cartwright.part" (dict "c" $ "part" "external")) "keys" .) }}
{{- end }}
{{- with get (include "cartwright.global" . | fromJson) "database" }}{{ with .adminURL }}{{ include "cartwright.auditor.role" (dict "c" $ "secrets" $secrets "adminURL" .) }}{{ end }}{{ end }}
{{- include "cartwright.auditor.deployment" . }}
{{- include "cartwright.ops" . }}
{{- if .root.Values.networkPolicy.enabled }}{{ include "cartwright.auditor.network" . }}{{ end }}
{{- include "cartwright.auditor.test" . }}
{{- end -}}

{{- define "cartwright.auditor.arguments" -}}
{{- $v := .root.Values -}}
- -every={{ $v.every }}
- -listen=:9090
- -connections={{ int $v.database.maxConnections }}
- -confirm-after={{ $v.confirmAfter }}
- -text-budget={{ int64 $v.textBudget }}
{{- with $v.only }}
- -only={{ join "," . }}
{{- end }}
{{- if $v.compareWithSandbox }}
- -provider={{ include "cartwright.sandbox.url" . }}
{{- end }}
{{- end -}}

{{- define "cartwright.auditor.deployment" }}
{{- $v := .root.Values }}
{{- $name := include "cartwright.fullname" . }}
{{- $made := include "cartwright.part" (dict "c" . "part" "secret") }}
{{- $sources := include "cartwright.sources" (dict "secrets" (include "cartwright.secrets" . | fromJson) "made" $made "external" (include "cartwright.part" (dict "c" . "part" "external"))) | trim }}
{{- $at := dict "c" . "component" "server" "sources" $sources }}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ $name }}
  labels: {{- include "cartwright.labels" $at | nindent 4 }}
spec:
  replicas: 1
  revisionHistoryLimit: 3
  progressDeadlineSeconds: 300
  strategy: {type: Recreate}
  selector:
    matchLabels: {{- include "cartwright.selector" $at | nindent 6 }}
  template:
    metadata:
      labels: {{- include "cartwright.podLabels" $at | nindent 8 }}
      annotations:
        kubectl.kubernetes.io/default-container: {{ .name }}
        {{- if $v.metrics.annotations }}
        prometheus.io/scrape: "true"
        prometheus.io/port: "9090"
        {{- end }}
        {{- with $v.podAnnotations }}{{ toYaml . | nindent 8 }}{{ end }}
    spec:
      serviceAccountName: {{ $name }}
      {{- include "cartwright.pod.security" . | nindent 6 }}
      {{- with include "cartwright.pod.placement" . | trim }}{{ . | nindent 6 }}{{ end }}
      {{- with $v.priorityClassName }}
      priorityClassName: {{ . }}
      {{- end }}
      terminationGracePeriodSeconds: 30
      containers:
        - name: {{ .name }}
          image: {{ include "cartwright.image" (dict "c" . "image" $v.image) }}
          imagePullPolicy: {{ $v.image.pullPolicy }}
          args: {{- include "cartwright.auditor.arguments" . | nindent 12 }}
          {{- include "cartwright.container.security" . | nindent 10 }}
          env:
            {{- range $name, $value := dict "GOMEMLIMIT" (include "cartwright.heap" .) "AUDIT_DATABASE_URL_FILE" "/etc/cartwright/secret/DATABASE_URL" }}
            {{- include "cartwright.env" (dict "name" $name "value" $value) | trim | nindent 12 }}
            {{- end }}
          ports:
            - {name: ops, containerPort: 9090}
          startupProbe:
            httpGet: {path: /livez, port: ops}
            periodSeconds: 1
            timeoutSeconds: 3
            failureThreshold: 60
          readinessProbe:
            httpGet: {path: /readyz, port: ops}
            periodSeconds: 5
            timeoutSeconds: 3
            failureThreshold: 3
          livenessProbe:
            httpGet: {path: /livez, port: ops}
            periodSeconds: 10
            timeoutSeconds: 5
            failureThreshold: 6
          resources: {{- toYaml $v.resources | nindent 12 }}
          volumeMounts: {{- include "cartwright.pod.mounts" $at | nindent 12 }}
      volumes: {{- include "cartwright.pod.volumes" $at | nindent 8 }}
{{- end -}}

{{- /*
cartwright.auditor.role makes the auditor's role with the password of its URL, wherever that comes from: dict with c, secrets and
adminURL. It runs after the migrations of a shop that is installed with it, for the schemas must be there.
*/ -}}
{{- define "cartwright.auditor.role" }}
{{- $name := include "cartwright.part" (dict "c" .c "part" "provision") }}
{{- $at := dict "c" .c "component" "provision" }}
{{- $values := mergeOverwrite (deepCopy .secrets.create) (dict "ADMIN_DATABASE_URL" .adminURL) }}
{{- $external := printf "%s-external" $name }}
{{- include "cartwright.secret" (dict "c" .c "component" "provision" "name" $name "values" $values "hook" true) }}
{{- with .secrets.external }}{{ include "cartwright.externalSecret" (dict "c" $.c "component" "provision" "name" $external "keys" . "hook" true) }}{{ end }}
{{- include "cartwright.migration.account" $at }}
{{- if .c.root.Values.networkPolicy.enabled }}{{ include "cartwright.migration.network" $at }}{{ end }}
{{- $env := list }}
{{- range $setting, $file := dict "ADMIN_DATABASE_URL_FILE" "ADMIN_DATABASE_URL" "AUDIT_DATABASE_URL_FILE" "DATABASE_URL" }}
{{- $env = append $env (dict "name" $setting "value" (printf "/etc/cartwright/secret/%s" $file)) }}
{{- end }}
{{- $secrets := dict "create" $values "existing" .secrets.existing "external" .secrets.external }}
{{- $sources := include "cartwright.sources" (dict "secrets" $secrets "made" $name "external" $external) | trim }}
{{- include "cartwright.migration.job" (dict "c" .c "component" "provision" "account" "provision" "timeoutSeconds" 300 "weight" -5 "image" .c.root.Values.image "args" (list "-provision") "env" $env "sources" $sources) }}
{{- end -}}

{{- /* cartwright.auditor.network: it reads the database and, where there is one, the sandbox provider's log. Its metrics are all it tells. */ -}}
{{- define "cartwright.auditor.network" }}
{{- $at := dict "c" . "component" "server" }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "cartwright.fullname" . }}
  labels: {{- include "cartwright.labels" $at | nindent 4 }}
spec:
  podSelector:
    matchLabels: {{- include "cartwright.selector" $at | nindent 6 }}
  policyTypes: [Ingress, Egress]
  ingress:
    {{- with include "cartwright.ingress.metrics" . | trim }}{{ . | nindent 4 }}{{ end }}
    - from: # its own test
        - podSelector:
            matchLabels: {{- include "cartwright.selector" (dict "c" . "component" "test") | nindent 14 }}
      ports:
        - {protocol: TCP, port: ops}
  egress:
    {{- include "cartwright.egress.dns" . | nindent 4 }}
    {{- include "cartwright.egress.database" . | nindent 4 }}
    {{- if .root.Values.compareWithSandbox }}
    {{- include "cartwright.egress.sandbox" . | nindent 4 }}
    {{- end }}
{{- end -}}

{{- /* cartwright.auditor.test waits until the auditor that runs has ended an audit. What that found alerts tell. */ -}}
{{- define "cartwright.auditor.test" }}
{{- $v := .root.Values }}
{{- $at := dict "c" . "component" "test" "sources" "" }}
{{- $ops := include "cartwright.part" (dict "c" . "part" "ops") }}
{{- if $v.networkPolicy.enabled }}
{{- $server := printf "- to:\n%s\n  ports:\n    - {protocol: TCP, port: 9090}" (include "cartwright.pods" (dict "c" . "name" .name "namespace" "") | indent 4) }}
{{- include "cartwright.network.hook" (dict "c" . "component" "test" "annotations" (include "cartwright.test.hook" -10) "egress" (printf "%s\n%s" (include "cartwright.egress.dns" .) $server)) }}
{{- end }}
---
apiVersion: v1
kind: Pod
metadata:
  name: {{ include "cartwright.part" (dict "c" . "part" "test") }}
  labels: {{- include "cartwright.labels" $at | nindent 4 }}
  annotations: {{- include "cartwright.test.hook" 0 | nindent 4 }}
spec:
  restartPolicy: Never
  serviceAccountName: {{ include "cartwright.fullname" . }}
  {{- include "cartwright.pod.security" . | nindent 2 }}
  {{- with include "cartwright.pod.placement" . | trim }}{{ . | nindent 2 }}{{ end }}
  containers:
    - name: test
      image: {{ include "cartwright.image" (dict "c" . "image" $v.image) }}
      imagePullPolicy: {{ $v.image.pullPolicy }}
      args: ["-await=http://{{ $ops }}:9090", -within=4m]
      {{- include "cartwright.container.security" . | nindent 6 }}
      resources: {{- toYaml $v.resources | nindent 8 }}
      volumeMounts: {{- include "cartwright.pod.mounts" $at | nindent 8 }}
  volumes: {{- include "cartwright.pod.volumes" $at | nindent 4 }}
{{- end -}}

{{- /* cartwright.auditor.notes is what an operator reads after an install. */ -}}
{{- define "cartwright.auditor.notes" -}}
{{- $name := include "cartwright.fullname" . -}}
{{- $ns := .root.Release.Namespace -}}
{{ $name }} {{ include "cartwright.version" . }} is in namespace {{ $ns }} and audits every {{ .root.Values.every }}.

  what it finds  kubectl -n {{ $ns }} logs deployment/{{ $name }}
  its metrics    kubectl -n {{ $ns }} port-forward deployment/{{ $name }} 9090
  test it        helm -n {{ $ns }} test {{ .root.Release.Name }} --logs   (waits for its first audit)
  roll back      helm -n {{ $ns }} rollback {{ .root.Release.Name }} --wait
{{- if not (get (include "cartwright.global" . | fromJson) "database" | default dict).adminURL }}

Its role must be in the database already: docs/audit.md has the command.
{{- end }}
{{- end -}}
