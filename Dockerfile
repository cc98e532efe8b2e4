# syntax=docker/dockerfile:1
# The image of Sluice. bench/image runs the steps of the stages "layers", "trained" and the last one without an engine.
#
#   docker build -t sluice:0.1.0 .                             builds the jar too
#   docker build -t sluice:0.1.0 --build-arg JAR=prebuilt .    takes target/sluice.jar
#   docker buildx build --platform linux/amd64,linux/arm64 .   trains the cache on each platform, as it has to be

ARG JAR=build

FROM --platform=$BUILDPLATFORM maven:3.9-eclipse-temurin-17 AS build
WORKDIR /src
COPY pom.xml gateway-routes.yml gateway-routes.supabase.yml ./
COPY src/main src/main
RUN --mount=type=cache,target=/root/.m2 mvn -B -q -Dmaven.test.skip=true package

FROM scratch AS prebuilt
COPY target/sluice.jar /src/target/sluice.jar

FROM ${JAR} AS jar

# What changes seldom comes first, so that an update of Sluice alone is a layer of some hundred KB.
FROM --platform=$BUILDPLATFORM eclipse-temurin:25-jre-noble AS layers
WORKDIR /work
COPY --from=jar /src/target/sluice.jar ./
RUN ["java", "-Djarmode=tools", "-jar", "sluice.jar", "extract", "--layers", "--destination", "layers"]

FROM eclipse-temurin:25-jre-noble AS runtime
# A volume takes its owner from the directory that it covers.
RUN install -d -o 65532 -g 65532 /journal
WORKDIR /app
COPY docker/jvm.options ./
COPY --from=layers /work/layers/dependencies/ ./
COPY --from=layers /work/layers/snapshot-dependencies/ ./
COPY --from=layers /work/layers/application/ ./

# Starts Sluice as far as its beans and writes what the JVM learned by it (JEP 514). Connects to nothing.
FROM runtime AS trained
ENV SUPABASE_URL=http://127.0.0.1:9 SUPABASE_SERVICE_KEY=sb_secret_of_the_training SLUICE_JOURNAL=/tmp/journal
RUN ["java", "@jvm.options", "-XX:AOTCacheOutput=/app/sluice.aot", "-Dspring.context.exit=onRefresh", "-jar", "/app/sluice.jar"]

FROM runtime
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Sluice" \
      org.opencontainers.image.description="The edge in front of your uploads: who, how often, how much, into which bucket" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="eclipse-temurin:25-jre-noble"
COPY --from=trained /app/sluice.aot ./
ENV SLUICE_JOURNAL=/journal
USER 65532:65532
EXPOSE 8080 8081
# The rest of the file system may be read-only.
VOLUME ["/journal", "/tmp"]
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx16m", "-cp", "/app/sluice.jar", "dev.sluice.HealthCheck"]
ENTRYPOINT ["java", "@/app/jvm.options", "-XX:AOTCache=/app/sluice.aot", "-jar", "/app/sluice.jar"]
