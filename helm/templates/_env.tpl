{{/* The environment that the chart sets, as a list. */}}
{{- define "sluice.env" -}}
- name: SLUICE_ROUTES
  value: /etc/sluice/routes/gateway-routes.yml
- name: SPRING_CONFIG_ADDITIONAL_LOCATION
  value: file:/etc/sluice/config/
- name: SLUICE_JOURNAL
  value: /journal
- name: SLUICE_JOURNAL_MAXSIZE
  value: {{ .Values.journal.maxSize }}
- name: SPRING_LIFECYCLE_TIMEOUTPERSHUTDOWNPHASE
  value: {{ .Values.shutdown.requestSeconds }}s
{{- with .Values.logFormat }}
- name: LOGGING_STRUCTURED_FORMAT_CONSOLE
  value: {{ . }}
{{- end }}
{{- with .Values.tracing }}
{{- if .endpoint }}
- name: MANAGEMENT_TRACING_EXPORT_ENABLED
  value: "true"
- name: MANAGEMENT_OPENTELEMETRY_TRACING_EXPORT_OTLP_ENDPOINT
  value: {{ .endpoint | quote }}
- name: MANAGEMENT_TRACING_SAMPLING_PROBABILITY
  value: {{ .samplingProbability | quote }}
{{- end }}
{{- end }}
{{- with .Values.jvmOptions }}
- name: JAVA_TOOL_OPTIONS
  value: {{ . | quote }}
{{- end }}
{{- end -}}

{{/* Not empty where something else than SPRING_DATA_REDIS_URL of the Secret says where Redis is. */}}
{{- define "sluice.redisElsewhere" -}}
{{- if or (dig "spring" "data" "redis" false .Values.config) .Values.extraEnvFrom -}}yes{{- end -}}
{{- range .Values.extraEnv -}}
{{- if regexMatch "^SPRING_DATA_REDIS_(URL|HOST|CLUSTER_NODES|SENTINEL_NODES)$" .name -}}yes{{- end -}}
{{- end -}}
{{- end -}}

{{/*
From the Secret, but for what extraEnv sets. A key that the Secret lacks sets nothing; without the project's address and key, and
where nothing else names a Redis without its address, no pod starts.
*/}}
{{- define "sluice.secretEnv" -}}
{{- $needed := list "SUPABASE_URL" "SUPABASE_SERVICE_KEY" -}}
{{- if not (include "sluice.redisElsewhere" .) -}}{{- $needed = append $needed "SPRING_DATA_REDIS_URL" -}}{{- end -}}
{{- $elsewhere := list -}}
{{- range .Values.extraEnv -}}{{- $elsewhere = append $elsewhere .name -}}{{- end -}}
{{- range $key := keys .Values.secret | sortAlpha }}
{{- if not (has $key $elsewhere) }}
- name: {{ $key }}
  valueFrom:
    secretKeyRef:
      name: {{ include "sluice.secretName" $ }}
      key: {{ $key }}
      optional: {{ not (has $key $needed) }}
{{- end }}
{{- end }}
{{- end -}}
