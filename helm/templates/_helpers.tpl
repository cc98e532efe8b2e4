{{- define "sluice.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "sluice.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "sluice.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "sluice.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What never changes of a release: selectors are made of it. */}}
{{- define "sluice.selector" -}}
app.kubernetes.io/name: {{ include "sluice.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: edge
{{- end -}}

{{- define "sluice.labels" -}}
{{ include "sluice.commonLabels" . }}
app.kubernetes.io/component: edge
{{- end -}}

{{- define "sluice.commonLabels" -}}
app.kubernetes.io/name: {{ include "sluice.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "sluice.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "sluice.secretName" -}}
{{- .Values.existingSecret | default (include "sluice.fullname" .) -}}
{{- end -}}

{{- define "sluice.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "sluice.fullname" .) -}}
{{- else -}}
{{- .Values.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end -}}

{{/* The routes' file as text: verbatim, or with the limits merged into it. */}}
{{- define "sluice.routes" -}}
{{- $file := ternary "files/gateway-routes.supabase.yml" "files/gateway-routes.yml" (eq .Values.routes.preset "supabase") -}}
{{- $text := .Values.routes.content | default (.Files.Get $file) -}}
{{- $limits := dict -}}
{{- range $key, $limit := pick .Values.limits "operations" "plans" -}}
{{- if $limit -}}{{- $_ := set $limits $key $limit -}}{{- end -}}
{{- end -}}
{{- if not (kindIs "invalid" .Values.limits.defaultRequests) -}}
{{- $_ := set $limits "quota" (dict "default-limit" (int64 .Values.limits.defaultRequests)) -}}
{{- end -}}
{{- if $limits -}}
{{- mergeOverwrite ($text | fromYaml) (dict "sluice" (deepCopy $limits)) | toYaml -}}
{{- else -}}
{{- $text -}}
{{- end -}}
{{- end -}}

{{/*
The ConfigMap of the routes' file. The pods of a version have one of their own: in an update the file of one version never reaches
a pod of the other. Without live reload each file has its own.
*/}}
{{- define "sluice.routesName" -}}
{{- $of := .Chart.AppVersion | lower | replace "+" "-" | replace "." "-" -}}
{{- if not .Values.routes.liveReload -}}
{{- $of = include "sluice.routes" . | sha256sum | trunc 10 -}}
{{- end -}}
{{- printf "%s-routes-%s" (include "sluice.fullname" .) $of -}}
{{- end -}}

{{/* Mi or Gi, MB or GB (which Sluice reads as 1024-based too), as a number of mebibytes. */}}
{{- define "sluice.mebibytes" -}}
{{- $number := regexFind "^[0-9]+" . | int64 -}}
{{- if hasPrefix "G" (regexFind "[A-Z].*$" .) -}}{{- mul $number 1024 -}}{{- else -}}{{- $number -}}{{- end -}}
{{- end -}}

{{/* Pod Security "restricted". */}}
{{- define "sluice.podSecurity" -}}
runAsNonRoot: true
{{- range $key := list "runAsUser" "runAsGroup" "fsGroup" }}
{{- with get $.Values.podSecurity $key }}
{{ $key }}: {{ int64 . }}
{{- end }}
{{- end }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "sluice.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/*
How many pods an object of this kind shall have; empty if that is not said. With autoscaling as many as it has now: left out,
they would become one when autoscaling is turned on, since Helm takes out what its last manifest had. At first, and without a
cluster to ask, it is not said.
*/}}
{{- define "sluice.replicas" -}}
{{- $root := index . 0 -}}
{{- if $root.Values.autoscaling.enabled -}}
{{- $live := lookup "apps/v1" (index . 1) $root.Release.Namespace (include "sluice.fullname" $root) -}}
{{- with dig "spec" "replicas" 0 ($live | default dict) -}}{{- int . -}}{{- end -}}
{{- else -}}
{{- $root.Values.replicas -}}
{{- end -}}
{{- end -}}

{{/* With Cluster a node that takes a connection puts its own address in the place of the client's. */}}
{{- define "sluice.trafficPolicy" -}}
{{- $default := ternary "Local" "" (eq .Values.service.type "LoadBalancer") -}}
{{- .Values.service.externalTrafficPolicy | default $default -}}
{{- end -}}

{{/* Whole seconds of a duration such as 500ms, 20s or 1m, rounded up; empty for another form. */}}
{{- define "sluice.seconds" -}}
{{- $text := toString . -}}
{{- $number := regexFind "^[0-9]+" $text | int64 -}}
{{- if regexMatch "^[0-9]+(ms)?$" $text -}}{{- div (add $number 999) 1000 -}}
{{- else if regexMatch "^[0-9]+s$" $text -}}{{- $number -}}
{{- else if regexMatch "^[0-9]+m$" $text -}}{{- mul $number 60 -}}
{{- else if regexMatch "^[0-9]+h$" $text -}}{{- mul $number 3600 -}}
{{- else if regexMatch "^[0-9]+d$" $text -}}{{- mul $number 86400 -}}
{{- end -}}
{{- end -}}
