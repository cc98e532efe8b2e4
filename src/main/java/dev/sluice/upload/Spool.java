package dev.sluice.upload;

import dev.sluice.admission.SizeLimit;
import dev.sluice.exchange.ClientGone;
import dev.sluice.exchange.UploadPaceFilter;
import dev.sluice.intent.UnknownLength;
import dev.sluice.problem.Problem;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * Takes uploads of unknown length to files first, so that their length is known. All files together never hold more than
 * {@code sluice.upload.max-spool-size}. A file has no name once it is open, where the system allows that (Unix), so that it
 * goes with the process whatever ends it; what else is left of an earlier process is removed at the start.
 */
final class Spool implements UnknownLength, AutoCloseable {

    private static final String PREFIX = "sluice-upload-";
    private static final int THREADS = 8;
    private static final int MAX_WAITING = 10_000;

    /** Buffers between the connection and the disk. */
    private static final int PREFETCH = 4;

    private final Path directory;
    private final long most;
    private final SizeLimit sizes;
    private final UploadPaceFilter pace;
    private final AtomicLong used = new AtomicLong();
    private final Scheduler disk = Schedulers.newBoundedElastic(THREADS, MAX_WAITING, "upload-spool", 60, true);

    /**
     * @param most bytes in all files
     * @throws UncheckedIOException if the directory cannot be made or cleaned
     */
    Spool(Path directory, long most, SizeLimit sizes, UploadPaceFilter pace, MeterRegistry registry) {
        this.directory = directory;
        this.most = most;
        this.sizes = sizes;
        this.pace = pace;
        Gauge.builder("sluice.upload.spooled", used, AtomicLong::get)
                .description("Bytes of uploads of unknown length that are on disk")
                .baseUnit("bytes")
                .register(registry);
        clean();
    }

    private void clean() {
        try {
            Files.createDirectories(directory);
            try (DirectoryStream<Path> left = Files.newDirectoryStream(directory, PREFIX + "*")) {
                for (Path file : left) {
                    Files.delete(file);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "sluice.upload.spool-directory: " + directory + " cannot be used; name one that can be written to",
                    e);
        }
    }

    @Override
    public Mono<Void> resolve(ServerWebExchange exchange, Function<ServerWebExchange, Mono<Void>> next) {
        return Mono.usingWhen(
                Mono.fromCallable(() -> SpoolFile.create(directory, PREFIX)).subscribeOn(disk),
                file -> fill(file, exchange)
                        .then(Mono.defer(() -> next.apply(exchange.mutate()
                                .request(file.request(exchange, disk))
                                .build()))),
                this::discard);
    }

    /** Reads the body at the pace at which the disk takes it, and fails as soon as there is no room for it. */
    private Mono<Void> fill(SpoolFile file, ServerWebExchange exchange) {
        Long limit = sizes.of(exchange);
        ServerHttpRequest paced = pace.paced(exchange.getRequest());
        Flux<DataBuffer> body = ClientGone.named(paced.getBody()).doOnNext(buffer -> {
            RuntimeException refusal = take(file, buffer.readableByteCount(), limit);
            if (refusal != null) {
                DataBufferUtils.release(buffer);
                throw refusal;
            }
        });
        return body.publishOn(disk, PREFETCH)
                .doOnNext(file::write)
                .doOnDiscard(DataBuffer.class, DataBufferUtils::release)
                .then();
    }

    private @Nullable RuntimeException take(SpoolFile file, int bytes, @Nullable Long limit) {
        if (limit != null && file.reserved() + bytes > limit) {
            return Problem.tooLarge(limit).exception();
        }
        if (file.reserved() + bytes > most) {
            return Problem.tooLarge(most).exception();
        }
        if (used.addAndGet(bytes) > most) {
            used.addAndGet(-bytes);
            return Problem.supabase(503, "There is no room for an upload of unknown length at the moment")
                    .with("hint", "Send Content-Length, or try again later")
                    .exception();
        }
        if (!file.reserve(bytes)) {
            used.addAndGet(-bytes);
            return new ClientGone();
        }
        return null;
    }

    private Mono<Void> discard(SpoolFile file) {
        return Mono.<Void>fromRunnable(file::close).subscribeOn(disk).doFinally(end -> used.addAndGet(-file.release()));
    }

    @Override
    public void close() {
        disk.dispose();
    }
}
