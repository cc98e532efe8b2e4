package dev.sluice.testkit;

import com.github.dockerjava.api.model.PortBinding;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.utility.DockerImageName;

/** Redis, or what {@code sluice.test.redis.image} names, in a container; fails where no container engine answers. */
final class RedisServerContainer implements RedisServer {

    private static final int INNER_PORT = 6379;

    private final GenericContainer<?> container;
    private boolean created;

    RedisServerContainer(int port, List<String> settings) {
        String image = System.getProperty("sluice.test.redis.image", "redis:8");
        String server = image.contains("valkey") ? "valkey-server" : "redis-server";
        String[] command = new String[settings.size() + 3];
        command[0] = server;
        command[1] = "--protected-mode";
        command[2] = "no";
        for (int i = 0; i < settings.size(); i++) {
            command[i + 3] = settings.get(i);
        }
        container = new GenericContainer<>(DockerImageName.parse(image))
                .withExposedPorts(INNER_PORT)
                .withCommand(command)
                .withCreateContainerCmdModifier(create -> Objects.requireNonNull(create.getHostConfig())
                        .withPortBindings(PortBinding.parse(port + ":" + INNER_PORT)))
                .waitingFor(Wait.forListeningPort())
                .withStartupTimeout(Duration.ofMinutes(2));
        Runtime.getRuntime().addShutdownHook(new Thread(this::remove, "remove-redis-" + port));
    }

    @Override
    public void start() {
        if (created) {
            container
                    .getDockerClient()
                    .startContainerCmd(container.getContainerId())
                    .exec();
        } else {
            container.start();
            created = true;
        }
    }

    @Override
    public void kill() {
        if (isRunning()) {
            container
                    .getDockerClient()
                    .killContainerCmd(container.getContainerId())
                    .exec();
        }
    }

    private void remove() {
        container.stop();
    }

    @Override
    public void freeze() {
        container
                .getDockerClient()
                .pauseContainerCmd(container.getContainerId())
                .exec();
    }

    @Override
    public void thaw() {
        container
                .getDockerClient()
                .unpauseContainerCmd(container.getContainerId())
                .exec();
    }

    @Override
    public boolean isRunning() {
        return created && container.isRunning();
    }

    @Override
    public long pid() {
        return Objects.requireNonNull(
                container.getCurrentContainerInfo().getState().getPidLong());
    }

    @Override
    public String log() {
        return container.getLogs();
    }
}
