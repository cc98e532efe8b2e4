package dev.sluice.exchange;

import dev.sluice.problem.ProblemWriter;
import dev.sluice.tracing.Traces;
import io.micrometer.core.instrument.MeterRegistry;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.reactor.netty.NettyServerCustomizer;
import org.springframework.boot.webflux.autoconfigure.WebHttpHandlerBuilderCustomizer;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.web.server.WebExceptionHandler;
import org.springframework.web.server.WebFilter;
import reactor.netty.NettyPipeline;

/** The beans of this package, and the writer of its refusals. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties({ClientAddressProperties.class, ClientProperties.class, ShutdownProperties.class})
class ExchangeConfiguration {

    private static final String FORWARD_HEADERS = "server.forward-headers-strategy";

    /** @throws IllegalArgumentException where anybody could name any address as the peer that trust in peers rests on */
    ExchangeConfiguration(Environment environment) {
        String strategy = environment.getProperty(FORWARD_HEADERS, "none");
        if (!strategy.equalsIgnoreCase("none")) {
            throw new IllegalArgumentException(
                    FORWARD_HEADERS + " must stay none, because every client would be believed: list"
                            + " the proxies in sluice.client-address.trusted-proxies instead, for example 10.0.0.0/8");
        }
    }

    @Bean
    ProblemWriter problemWriter() {
        return new ProblemWriter();
    }

    @Bean
    Draining draining(ShutdownProperties properties) {
        return new Draining(properties.delay());
    }

    @Bean
    RequestsUnderWay requestsUnderWay(MeterRegistry registry) {
        return new RequestsUnderWay(registry);
    }

    @Bean
    WebFilter requestContextFilter(
            Traces traces, MeterRegistry registry, RequestsUnderWay underWay, Draining draining) {
        // The first id seeds the generator, which may block: here, not on the event loop of the first request.
        SortableIds.next();
        return new RequestContextFilter(traces, new RequestMetrics(registry), underWay, draining);
    }

    @Bean
    WebHttpHandlerBuilderCustomizer edgeHandler() {
        return EdgeHandler::customize;
    }

    @Bean
    WebExceptionHandler problemHandler(ProblemWriter writer) {
        return new ProblemHandler(writer);
    }

    /** The handlers are without effect on HTTP/2, which is off: its frames have another codec. */
    @Bean
    NettyServerCustomizer earlyRefusals(ProblemWriter writer, ClientProperties client) {
        return server -> server.idleTimeout(client.idleTimeout()).doOnChannelInit((observer, channel, peer) -> {
            if (channel.pipeline().get(NettyPipeline.HttpCodec) != null) {
                channel.pipeline()
                        .addAfter(NettyPipeline.HttpCodec, null, new EarlyRefusals(writer))
                        .addAfter(
                                NettyPipeline.HttpCodec,
                                null,
                                new RequestGuard(client.headerTimeout(), client.bodyTimeout()));
            }
        });
    }

    @Bean
    UploadPaceFilter uploadPaceFilter(ClientProperties client) {
        return new UploadPaceFilter(client);
    }

    @Bean
    GlobalFilter heldBodyFilter() {
        return new HeldBodyFilter();
    }

    @Bean
    ClientAddress clientAddress(ClientAddressProperties properties) {
        return new ClientAddress(properties.ranges());
    }

    @Bean
    PublicAddress publicAddress(ClientAddress clients) {
        return new PublicAddress(clients);
    }
}
