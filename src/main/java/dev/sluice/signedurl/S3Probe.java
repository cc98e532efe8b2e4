package dev.sluice.signedurl;

import dev.sluice.intent.ObjectPath;
import dev.sluice.release.PendingUpload.Target;
import dev.sluice.release.UploadProbe;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.springframework.http.HttpHeaders;
import org.springframework.web.reactive.function.client.ClientResponse;
import org.springframework.web.reactive.function.client.WebClient;
import reactor.core.publisher.Mono;
import software.amazon.awssdk.http.SdkHttpMethod;

/** Asks the S3 endpoint by a HEAD. */
final class S3Probe implements UploadProbe {

    private static final Duration LIFE = Duration.ofMinutes(5);

    /** {@code Last-Modified} has whole seconds, and storage's clock may be behind ours. */
    private static final Duration TOLERANCE = Duration.ofSeconds(2);

    private final WebClient client;
    private final S3Presigner presigner;
    private final String endpoint;
    private final Duration timeout;

    /** @param endpoint as this process reaches it, without a slash at the end */
    S3Probe(WebClient client, S3Presigner presigner, String endpoint, Duration timeout) {
        this.client = client;
        this.presigner = presigner;
        this.endpoint = endpoint;
        this.timeout = timeout;
    }

    @Override
    public boolean knows(Target target) {
        return target.uploadId() == null;
    }

    @Override
    public Mono<Boolean> cameSince(Target target, Instant since) {
        return Mono.defer(() -> {
            String object = new ObjectPath(target.bucket(), target.path()).encoded();
            URI head = presigner.presign(SdkHttpMethod.HEAD, endpoint, object, Map.of(), LIFE);
            return client.head()
                    .uri(head)
                    .exchangeToMono(answer -> answer.releaseBody().then(Mono.fromCallable(() -> came(answer, since))))
                    .timeout(timeout);
        });
    }

    private static boolean came(ClientResponse answer, Instant since) {
        int status = answer.statusCode().value();
        if (status == 404) {
            return false;
        }
        if (status != 200) {
            throw new IllegalStateException("Storage answered " + status + " to a HEAD");
        }
        HttpHeaders headers = answer.headers().asHttpHeaders();
        long modified = headers.getLastModified();
        return modified < 0 || !Instant.ofEpochMilli(modified).isBefore(since.minus(TOLERANCE));
    }
}
