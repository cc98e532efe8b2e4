package dev.sluice;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.data.redis.autoconfigure.observation.LettuceObservationAutoConfiguration;
import org.springframework.boot.micrometer.tracing.autoconfigure.MicrometerTracingAutoConfiguration;
import org.springframework.cloud.gateway.config.GatewayMetricsAutoConfiguration;
import reactor.netty.ReactorNetty;

/**
 * The edge in front of your uploads. Its spans are made by {@code dev.sluice.tracing}, for sampled requests alone:
 * those that Spring makes of observations cost every request, and each command to Redis. The gateway's own timer of each
 * request tells nothing that {@code api.response_time} does not.
 */
@SpringBootApplication(
        exclude = {
            MicrometerTracingAutoConfiguration.class,
            LettuceObservationAutoConfiguration.class,
            GatewayMetricsAutoConfiguration.class
        })
public class SluiceApplication {

    /** Nothing blocks on an event loop, so more of them than cores only wake each other; Reactor Netty would make four. */
    public static void main(String[] args) {
        System.getProperties()
                .putIfAbsent(
                        ReactorNetty.IO_WORKER_COUNT,
                        Integer.toString(Runtime.getRuntime().availableProcessors()));
        SpringApplication.run(SluiceApplication.class, args);
    }
}
