{{- /* cartwright.services are the names that others call: headless for gRPC, whose clients balance over all pods by themselves. */ -}}
{{- define "cartwright.services" }}
{{- $v := .root.Values }}
{{- $at := dict "c" . "component" "server" }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ include "cartwright.fullname" . }}
  labels: {{- include "cartwright.labels" $at | nindent 4 }}
spec:
  {{- if .http }}
  type: ClusterIP
  ports:
    - {name: http, port: 80, targetPort: http}
  {{- else }}
  clusterIP: None
  ports:
    - {name: grpc, port: 9000, targetPort: grpc{{ if not (include "cartwright.mtls" . | fromJson).enabled }}, appProtocol: kubernetes.io/h2c{{ end }}}
  {{- end }}
  selector: {{- include "cartwright.selector" $at | nindent 4 }}
{{- if $v.metrics.serviceMonitor.enabled }}{{ include "cartwright.ops" . }}{{ end }}
{{- end -}}

{{- /* cartwright.ops is the name of the ops port, and what tells the Prometheus operator of it. */ -}}
{{- define "cartwright.ops" }}
{{- $v := .root.Values }}
{{- $ops := dict "c" . "component" "ops" }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ include "cartwright.part" (dict "c" . "part" "ops") }}
  labels: {{- include "cartwright.labels" $ops | nindent 4 }}
spec:
  clusterIP: None
  publishNotReadyAddresses: true
  ports:
    - {name: ops, port: 9090, targetPort: ops}
  selector: {{- include "cartwright.selector" (dict "c" . "component" "server") | nindent 4 }}
{{- if $v.metrics.serviceMonitor.enabled }}
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  name: {{ include "cartwright.fullname" . }}
  labels: {{- include "cartwright.labels" $ops | nindent 4 }}
    {{- with $v.metrics.serviceMonitor.labels }}{{ toYaml . | nindent 4 }}{{ end }}
spec:
  jobLabel: app.kubernetes.io/name
  selector:
    matchLabels: {{- include "cartwright.selector" $ops | nindent 6 }}
  endpoints:
    - port: ops
      path: /metrics
      interval: {{ $v.metrics.serviceMonitor.interval }}
{{- end }}
{{- end -}}

{{- define "cartwright.account" }}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ include "cartwright.fullname" . }}
  labels: {{- include "cartwright.labels" (dict "c" . "component" "server") | nindent 4 }}
  {{- with .root.Values.serviceAccount.annotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
automountServiceAccountToken: false
{{- end -}}

{{- /* cartwright.certificate lets cert-manager make the service's certificate. Others look at its one URI and at no other name. */ -}}
{{- define "cartwright.certificate" }}
{{- $cert := (include "cartwright.mtls" . | fromJson).certificate }}
{{- $name := include "cartwright.fullname" . }}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata:
  name: {{ $name }}
  labels: {{- include "cartwright.labels" (dict "c" . "component" "server") | nindent 4 }}
spec:
  secretName: {{ include "cartwright.mtls.secret" . }}
  duration: {{ $cert.duration }}
  privateKey: {algorithm: ECDSA, size: 256, rotationPolicy: Always}
  usages: [digital signature, server auth, client auth]
  uris:
    - spiffe://{{ $cert.trustDomain }}/service/{{ .root.Chart.Name }}
  issuerRef:
    name: {{ required "mtls.certificate.issuer.name: must be set" $cert.issuer.name }}
    kind: {{ $cert.issuer.kind }}
{{- end -}}

{{- /* cartwright.route leads the public to the gateway: by the Gateway API, or by an Ingress of the AWS load balancer controller. */ -}}
{{- define "cartwright.route" }}
{{- $route := .root.Values.route }}
{{- $name := include "cartwright.fullname" . }}
{{- $at := dict "c" . "component" "server" }}
{{- if eq $route.kind "gateway" }}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: {{ $name }}
  labels: {{- include "cartwright.labels" $at | nindent 4 }}
spec:
  parentRefs:
    - name: {{ required "route.gateway.name: must be set" $route.gateway.name }}
      {{- with $route.gateway.namespace }}
      namespace: {{ . }}
      {{- end }}
      {{- with $route.gateway.sectionName }}
      sectionName: {{ . }}
      {{- end }}
  {{- with $route.hostnames }}
  hostnames: {{- toYaml . | nindent 4 }}
  {{- end }}
  rules:
    - backendRefs:
        - {name: {{ $name }}, port: 80}
{{- else if eq $route.kind "alb" }}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {{ $name }}
  labels: {{- include "cartwright.labels" $at | nindent 4 }}
  annotations:
    alb.ingress.kubernetes.io/scheme: {{ $route.alb.scheme }}
    alb.ingress.kubernetes.io/target-type: ip
    alb.ingress.kubernetes.io/healthcheck-path: /readyz
    alb.ingress.kubernetes.io/healthcheck-port: "9090"
    alb.ingress.kubernetes.io/healthcheck-interval-seconds: "5"
    alb.ingress.kubernetes.io/healthcheck-timeout-seconds: "3"
    alb.ingress.kubernetes.io/healthy-threshold-count: "2"
    alb.ingress.kubernetes.io/unhealthy-threshold-count: "2"
    alb.ingress.kubernetes.io/target-group-attributes: deregistration_delay.timeout_seconds={{ .root.Values.drain.timeoutSeconds }}
    alb.ingress.kubernetes.io/load-balancer-attributes: idle_timeout.timeout_seconds=60
    {{- with $route.alb.certificateArn }}
    alb.ingress.kubernetes.io/certificate-arn: {{ . }}
    alb.ingress.kubernetes.io/listen-ports: '[{"HTTPS":443}]'
    alb.ingress.kubernetes.io/ssl-policy: ELBSecurityPolicy-TLS13-1-2-2021-06
    {{- end }}
    {{- with $route.alb.annotations }}{{ toYaml . | nindent 4 }}{{ end }}
spec:
  ingressClassName: {{ $route.alb.ingressClassName }}
  rules:
    {{- range ($route.hostnames | default (list "")) }}
    - {{ with . }}host: {{ . }}
      {{ end }}http:
        paths:
          - path: /
            pathType: Prefix
            backend: {service: {name: {{ $name }}, port: {name: http}}}
    {{- end }}
{{- end }}
{{- end -}}
