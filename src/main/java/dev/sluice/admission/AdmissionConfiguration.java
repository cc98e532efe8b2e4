package dev.sluice.admission;

import dev.sluice.exchange.ClientAddress;
import dev.sluice.ledger.Fences;
import dev.sluice.ledger.Flights;
import dev.sluice.ledger.Ledger;
import dev.sluice.ledger.LedgerSettings;
import dev.sluice.ledger.ShadowWindows;
import dev.sluice.memory.RefusalMemory;
import dev.sluice.operation.Operations;
import dev.sluice.redis.RedisProperties;
import dev.sluice.shadow.WouldRefuse;
import dev.sluice.supabase.PostgRest;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The beans of this package. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties({
    QuotaProperties.class,
    BucketAccessProperties.class,
    RateLimitProperties.class,
    InFlightProperties.class
})
class AdmissionConfiguration {

    @Bean
    LedgerSettings ledgerSettings(QuotaProperties quota, BucketAccessProperties buckets) {
        return new LedgerSettings(quota.cacheTtl(), buckets.cacheTtl(), buckets.refusalTtl());
    }

    @Bean
    DefaultLimit defaultLimit(QuotaProperties quota) {
        return new DefaultLimit(quota.defaultLimit());
    }

    @Bean
    Degradation degradation(MeterRegistry registry) {
        return new Degradation(registry, System::nanoTime);
    }

    @Bean
    LastVerdicts lastVerdicts() {
        return new LastVerdicts();
    }

    @Bean
    FactsReader factsReader(PostgRest database, Ledger ledger) {
        return new FactsReader(database, ledger);
    }

    @Bean
    AdmissionRequests admissionRequests(DefaultLimit defaultLimit, Clock clock) {
        return new AdmissionRequests(defaultLimit, clock);
    }

    @Bean
    RememberedRefusals rememberedRefusals(RefusalMemory refusals, QuotaProperties quota) {
        return new RememberedRefusals(refusals, quota.refusalMemory());
    }

    @Bean
    AdmissionVerdicts admissionVerdicts(
            RememberedRefusals remembered, Degradation degradation, MeterRegistry registry) {
        return new AdmissionVerdicts(remembered, degradation, registry);
    }

    @Bean
    RedisBudget redisBudget(RedisProperties redis) {
        return new RedisBudget(redis.timeout());
    }

    @Bean
    DatabaseAdmission databaseAdmission(
            PostgRest database,
            Ledger ledger,
            Fences fences,
            RedisBudget redisBudget,
            FactsReader facts,
            LastVerdicts lastVerdicts,
            AdmissionVerdicts verdicts,
            Degradation degradation,
            DefaultLimit defaultLimit,
            UsageSink usage,
            Clock clock) {
        return new DatabaseAdmission(
                database,
                ledger,
                fences,
                redisBudget,
                facts,
                lastVerdicts,
                verdicts,
                degradation,
                defaultLimit,
                usage,
                clock);
    }

    @Bean
    AdmissionChain admissionChain(
            Ledger ledger,
            Fences fences,
            FactsReader facts,
            LastVerdicts lastVerdicts,
            DatabaseAdmission database,
            AdmissionRequests requests,
            AdmissionVerdicts verdicts,
            Degradation degradation,
            UsageSink usage,
            RedisBudget redisBudget,
            Shadows shadows) {
        return new AdmissionChain(
                ledger,
                fences,
                facts,
                lastVerdicts,
                database,
                requests,
                verdicts,
                degradation,
                usage,
                redisBudget,
                shadows);
    }

    @Bean
    ShadowClaims shadowClaims(WouldRefuse wouldRefuse) {
        return new ShadowClaims(wouldRefuse);
    }

    @Bean
    Shadows shadows(Ledger ledger, FactsReader facts, WouldRefuse wouldRefuse) {
        return new Shadows(ledger, facts, wouldRefuse);
    }

    @Bean
    Subjects subjects(ClientAddress addresses) {
        return new Subjects(addresses);
    }

    @Bean
    SizeLimit sizeLimit() {
        return new SizeLimit();
    }

    @Bean
    AdmissionFilter admissionFilter(AdmissionChain admissions, Subjects subjects, SizeLimit sizes, Shadows shadows) {
        return new AdmissionFilter(admissions, subjects, sizes, shadows);
    }

    @Bean
    InFlight inFlight(InFlightProperties limits, Flights flights, MeterRegistry registry) {
        return new InFlight(limits, flights, registry);
    }

    @Bean
    InFlightLimits inFlightLimits(InFlightProperties limits) {
        return new InFlightLimits(limits.maxConcurrent(), InFlightProperties.bytes(limits.maxBytesInFlight()));
    }

    @Bean
    InFlightFilter inFlightFilter(InFlight inFlight, Subjects subjects) {
        return new InFlightFilter(inFlight, subjects);
    }

    @Bean
    AdmissionPreview admissionPreview(
            Ledger ledger,
            FactsReader facts,
            LastVerdicts lastVerdicts,
            RememberedRefusals remembered,
            InFlight inFlight,
            SizeLimit sizes,
            ShadowWindows shadowWindows,
            Subjects subjects,
            DefaultLimit defaultLimit,
            UsageSink usage,
            Clock clock) {
        FactsPreview read = new FactsPreview(facts, lastVerdicts);
        return new AdmissionPreview(
                ledger,
                read,
                lastVerdicts,
                remembered,
                inFlight,
                sizes,
                new ShadowPreview(shadowWindows, read, clock),
                subjects,
                defaultLimit,
                usage,
                clock);
    }

    @Bean
    OutcomeFilter outcomeFilter(
            UsageSink usage, AdmissionRequests requests, Subjects subjects, RedisBudget redisBudget) {
        return new OutcomeFilter(new Outcomes(usage, requests, subjects, redisBudget));
    }

    @Bean
    RateLimitGatewayFilterFactory rateLimitGatewayFilterFactory(
            Operations operations, RateLimitProperties properties, ShadowClaims shadows) {
        return new RateLimitGatewayFilterFactory(operations, properties, shadows);
    }

    @Bean
    QuotaGatewayFilterFactory quotaGatewayFilterFactory(
            QuotaProperties properties, DefaultLimit defaultLimit, ShadowClaims shadows) {
        return new QuotaGatewayFilterFactory(properties, defaultLimit, shadows);
    }

    @Bean
    UploadOptionsGatewayFilterFactory uploadOptionsGatewayFilterFactory(Operations operations) {
        return new UploadOptionsGatewayFilterFactory(operations);
    }

    @Bean
    BucketAccessGatewayFilterFactory bucketAccessGatewayFilterFactory(
            BucketAccessProperties properties, ShadowClaims shadows) {
        return new BucketAccessGatewayFilterFactory(properties, shadows);
    }
}
