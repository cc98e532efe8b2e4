{{/* What the pods of "helm test" have in common. */}}
{{- define "sluice.testPod" -}}
restartPolicy: Never
automountServiceAccountToken: false
enableServiceLinks: false
activeDeadlineSeconds: 300
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  {{- include "sluice.podSecurity" . | nindent 2 }}
{{- end -}}

{{- define "sluice.testContainer" -}}
image: {{ .Values.tests.image | quote }}
securityContext:
  {{- include "sluice.containerSecurity" . | nindent 2 }}
{{- with .Values.tests.resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
volumeMounts:
  - name: scripts
    mountPath: /scripts
    readOnly: true
{{- end -}}
