package dev.sluice.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.testkit.LibraryLocks.Locked;
import java.lang.reflect.Method;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class LibraryLocksTests {

    @Test
    void namesOnlyMethodsThatAreThere() throws ClassNotFoundException {
        for (Locked locked : LibraryLocks.LOCKED) {
            Class<?> type = Class.forName(locked.type(), false, getClass().getClassLoader());
            assertThat(Arrays.stream(type.getDeclaredMethods()).map(Method::getName))
                    .as(locked.type())
                    .contains(locked.method());
        }
    }
}
