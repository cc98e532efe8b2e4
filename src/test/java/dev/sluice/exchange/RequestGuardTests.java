package dev.sluice.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The connection's own clock is moved; what goes over sockets is in {@code SmugglingIT} and {@code SlowClientsIT}. */
class RequestGuardTests {

    private final EmbeddedChannel channel =
            new EmbeddedChannel(new RequestGuard(Duration.ofSeconds(10), Duration.ofSeconds(5)));

    @Test
    void leavesAConnectionThatSpeaksAnotherProtocolFromNowOn() {
        channel.writeInbound(get());
        answer(HttpResponseStatus.SWITCHING_PROTOCOLS);
        channel.readInbound();

        channel.pipeline().fireChannelReadComplete();
        later(60);

        assertThat(channel.pipeline().get(RequestGuard.class)).isNull();
        assertThat(channel.<Object>readInbound()).isNull();
        assertThat(channel.isOpen()).isTrue();
    }

    @Test
    void waitsForAHeadOnlyWhereOneHasBegun() {
        channel.writeInbound(get());
        answer(HttpResponseStatus.OK);
        channel.readInbound();
        later(60);
        assertThat(channel.<Object>readInbound()).as("an idle connection").isNull();

        channel.pipeline().fireChannelReadComplete();
        later(9);
        assertThat(channel.<Object>readInbound()).as("a head on its way").isNull();
        later(2);

        HttpRequest late = channel.readInbound();
        assertThat(((RefusedRequest) late.decoderResult().cause()).problem().status())
                .isEqualTo(408);
    }

    @Test
    void givesARunningRequestTheTimeThatItTakes() {
        channel.writeInbound(put());
        channel.readInbound();
        later(60);
        channel.writeInbound(new DefaultHttpContent(Unpooled.EMPTY_BUFFER), LastHttpContent.EMPTY_LAST_CONTENT);
        later(60);
        answer(HttpResponseStatus.OK);
        later(60);

        assertThat(channel.isOpen()).isTrue();
    }

    @Test
    void doesNotTakeTheNextRequestsBodyForTheAnsweredOnes() {
        channel.writeInbound(get(), put());
        answer(HttpResponseStatus.OK);
        later(60);
        assertThat(channel.isOpen()).as("the second is under way").isTrue();

        answer(HttpResponseStatus.OK);
        later(4);
        assertThat(channel.isOpen()).isTrue();
        later(2);
        assertThat(channel.isOpen()).as("its body did not end").isFalse();
    }

    /** Such as the 408 of a body that is late: closed at once with input unread, the answer would be lost. */
    @Test
    void lingersAlsoWhereTheAnswerItselfEndsTheConnection() {
        channel.writeInbound(put());
        FullHttpResponse late = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.REQUEST_TIMEOUT);
        late.headers().set("Connection", "close");
        channel.write(late);

        assertThat(channel.pipeline().get(LingeringClose.class)).isNotNull();
        channel.flush();
        assertThat(channel.isOpen()).isFalse();
    }

    /** The codec tells the head of such a request before its end. */
    @Test
    void doesNotLingerForARequestWithoutABody() {
        channel.writeInbound(head());
        FullHttpResponse answer = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.NOT_FOUND);
        answer.headers().set("Connection", "close");
        channel.write(answer);

        assertThat(channel.pipeline().get(LingeringClose.class)).isNull();
    }

    @Test
    void discardsTheLittleThatIsLeftOfABody() {
        channel.writeInbound(put());
        answer(HttpResponseStatus.OK);

        assertThat(channel.pipeline().get(LingeringClose.class)).isNull();
        assertThat(channel.isOpen()).isTrue();
    }

    private void answer(HttpResponseStatus status) {
        channel.writeOutbound(new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, status));
    }

    private void later(long seconds) {
        channel.advanceTimeBy(seconds, TimeUnit.SECONDS);
        channel.runScheduledPendingTasks();
    }

    private static HttpRequest get() {
        HttpRequest request = new DefaultFullHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, "/");
        request.headers().set("Host", "edge");
        return request;
    }

    private static HttpRequest head() {
        HttpRequest request = new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, "/");
        request.headers().set("Host", "edge");
        return request;
    }

    private static HttpRequest put() {
        HttpRequest request = new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.PUT, "/");
        request.headers().set("Host", "edge").set("Content-Length", "10");
        return request;
    }
}
