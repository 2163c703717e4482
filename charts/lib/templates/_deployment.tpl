{{- /* cartwright.server.files gives the names of the server's secret settings and the sources of their volume as JSON. */ -}}
{{- define "cartwright.server.files" -}}
{{- $secrets := include "cartwright.secrets" . | fromJson -}}
{{- $names := include "cartwright.secret.settings" (dict "c" . "secrets" $secrets "path" "secrets") | fromJsonArray -}}
{{- $made := include "cartwright.part" (dict "c" . "part" "secret") -}}
{{- $sources := include "cartwright.sources" (dict "secrets" $secrets "made" $made "external" (include "cartwright.part" (dict "c" . "part" "external"))) -}}
{{- $generated := list -}}
{{- range .generate | default list }}{{ if not (has . $names) }}{{ $generated = append $generated . }}{{ end }}{{ end -}}
{{- if $generated -}}
{{- range $generated -}}
{{- $sources = printf "%s\n- secret:\n    name: %s\n    items:\n      - {key: %s, path: %s}" $sources (include "cartwright.part" (dict "c" $ "part" "generated")) . . -}}
{{- end -}}
{{- $names = concat $names $generated -}}
{{- end -}}
{{- if include "cartwright.sandbox.enabled" . -}}
{{- range list "SANDBOX_API_KEY" "SANDBOX_WEBHOOK_SECRET" -}}
{{- if not (has . $names) -}}
{{- $sources = printf "%s\n- secret:\n    name: %ssandbox\n    items:\n      - {key: %s, path: %s}" $sources (include "cartwright.prefix" $) . . -}}
{{- $names = append $names . -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- dict "names" ($names | sortAlpha) "sources" ($sources | trim) "generated" $generated | toJson -}}
{{- end -}}

{{- define "cartwright.deployment" }}
{{- $v := .root.Values }}
{{- $files := include "cartwright.server.files" . | fromJson }}
{{- $at := dict "c" . "component" "server" "sources" $files.sources "mtls" true }}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "cartwright.fullname" . }}
  labels: {{- include "cartwright.labels" $at | nindent 4 }}
spec:
  {{- if not $v.autoscaling.enabled }}
  replicas: {{ $v.replicas }}
  {{- else }}
  {{- /* An upgrade that no longer says how many there are, because the autoscaler decides from now on, would leave one. */}}
  {{- with lookup "apps/v1" "Deployment" .root.Release.Namespace (include "cartwright.fullname" .) }}
  replicas: {{ max 1 (int .spec.replicas) }}
  {{- end }}
  {{- end }}
  revisionHistoryLimit: {{ $v.revisionHistoryLimit }}
  progressDeadlineSeconds: {{ $v.progressDeadlineSeconds }}
  strategy:
    type: RollingUpdate
    rollingUpdate: {maxUnavailable: 0, maxSurge: 1}
  selector:
    matchLabels: {{- include "cartwright.selector" $at | nindent 6 }}
  template:
    metadata:
      labels: {{- include "cartwright.podLabels" $at | nindent 8 }}
      annotations:
        kubectl.kubernetes.io/default-container: {{ .root.Chart.Name }}
        {{- with $v.secrets.create }}
        cartwright/secrets: {{ omit . "DATABASE_URL" | toJson | sha256sum | trunc 16 | quote }} # those are read at the start only
        {{- end }}
        {{- if $v.metrics.annotations }}
        prometheus.io/scrape: "true"
        prometheus.io/port: "9090"
        {{- end }}
        {{- with $v.podAnnotations }}{{ toYaml . | nindent 8 }}{{ end }}
    spec:
      serviceAccountName: {{ include "cartwright.fullname" . }}
      {{- include "cartwright.pod.security" . | nindent 6 }}
      {{- with include "cartwright.pod.placement" . | trim }}{{ . | nindent 6 }}{{ end }}
      {{- with $v.priorityClassName }}
      priorityClassName: {{ . }}
      {{- end }}
      terminationGracePeriodSeconds: {{ add $v.drain.preStopSeconds $v.drain.timeoutSeconds 15 }}
      topologySpreadConstraints:
        {{- range $key, $when := dict "topology.kubernetes.io/zone" $v.spread.zone "kubernetes.io/hostname" $v.spread.host }}
        - topologyKey: {{ $key }}
          maxSkew: 1
          whenUnsatisfiable: {{ $when }}
          nodeTaintsPolicy: Honor
          matchLabelKeys: [pod-template-hash]
          labelSelector:
            matchLabels: {{- include "cartwright.selector" $at | nindent 14 }}
        {{- end }}
      containers:
        - name: {{ .root.Chart.Name }}
          image: {{ include "cartwright.image" (dict "c" . "image" $v.image) }}
          imagePullPolicy: {{ $v.image.pullPolicy }}
          args: [serve]
          {{- include "cartwright.container.security" . | nindent 10 }}
          env: {{- include "cartwright.pod.env" (dict "c" . "files" $files.names) | trim | nindent 12 }}
          ports:
            {{- if .grpc }}
            - {name: grpc, containerPort: 9000}
            {{- end }}
            {{- if .http }}
            - {name: http, containerPort: 8080}
            {{- end }}
            - {name: ops, containerPort: 9090}
          startupProbe:
            httpGet: {path: /livez, port: ops}
            periodSeconds: 1
            timeoutSeconds: 3
            failureThreshold: 60
          readinessProbe:
            httpGet: {path: /readyz, port: ops}
            periodSeconds: 2
            timeoutSeconds: 3
            failureThreshold: 3
          livenessProbe:
            httpGet: {path: /livez, port: ops}
            periodSeconds: 10
            timeoutSeconds: 5
            failureThreshold: 6
          lifecycle:
            preStop:
              sleep: {seconds: {{ $v.drain.preStopSeconds }}}
          resources: {{- toYaml $v.resources | nindent 12 }}
          volumeMounts: {{- include "cartwright.pod.mounts" $at | nindent 12 }}
      volumes: {{- include "cartwright.pod.volumes" $at | nindent 8 }}
{{- end -}}

{{- /* cartwright.scale is how many there are: HorizontalPodAutoscaler and PodDisruptionBudget. */ -}}
{{- define "cartwright.scale" }}
{{- $v := .root.Values }}
{{- $at := dict "c" . "component" "server" }}
{{- if $v.autoscaling.enabled }}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ include "cartwright.fullname" . }}
  labels: {{- include "cartwright.labels" $at | nindent 4 }}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: {{ include "cartwright.fullname" . }}}
  minReplicas: {{ $v.autoscaling.minReplicas }}
  maxReplicas: {{ $v.autoscaling.maxReplicas }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target: {type: Utilization, averageUtilization: {{ $v.autoscaling.cpuPercent }}}
    {{- if $v.autoscaling.inFlight.enabled }}
    - type: Pods
      pods:
        metric: {name: rpc_server_in_flight}
        target: {type: AverageValue, averageValue: {{ $v.autoscaling.inFlight.target | quote }}}
    {{- end }}
  behavior:
    scaleUp:
      stabilizationWindowSeconds: 0
      policies:
        - {type: Percent, value: 100, periodSeconds: 15}
        - {type: Pods, value: 2, periodSeconds: 15}
      selectPolicy: Max
    scaleDown:
      stabilizationWindowSeconds: {{ $v.autoscaling.scaleDownWindowSeconds }}
      policies:
        - {type: Pods, value: 1, periodSeconds: 60}
{{- end }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ include "cartwright.fullname" . }}
  labels: {{- include "cartwright.labels" $at | nindent 4 }}
spec:
  maxUnavailable: 1
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels: {{- include "cartwright.selector" $at | nindent 6 }}
{{- end -}}
