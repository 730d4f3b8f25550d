#include "pelagos/spec/forms.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "pelagos/spec/forms_testing.h"
#include "pelagos/spec/order.h"
#include "pelagos/spec/service_options.h"

namespace pelagos {
namespace {

std::string PortsOf(const ServiceSpec& service) {
  return absl::StrJoin(
      service.container.net.ports, ", ",
      [](std::string* out, const PortMapping& port) { absl::StrAppend(out, Describe(port)); });
}

std::string EnvOf(const ServiceSpec& service) {
  return absl::StrJoin(service.container.env, " ", [](std::string* out, const EnvVariable& v) {
    absl::StrAppend(out, v.key, "=", v.value);
  });
}

std::string DependenciesOf(const ServiceSpec& service) {
  return absl::StrJoin(service.depends_on, " ", [](std::string* out, const Dependency& d) {
    absl::StrAppend(out, d.service, d.port ? absl::StrCat(":", *d.port) : "");
  });
}

TEST_F(FormsTest, EveryOption) {
  ASSERT_TRUE(Run(R"reml(
    (define db (service 'db '(image "postgres:16") '(network "back" "front") '(network mgmt)
      '(env "A" "1") '(env B two) '(port 5432 5432) '(port "8080" 80) '(memory "256m")
      '(cpus "0.5") '(command "sh" "-c" "sleep 9") '(tmpfs "/tmp") '(volume "data" "/var/lib")
      '(bind "/h1" "/c1") '(bind-ro "/h2" "/c2") '(bind-rw "/h3" "/c3") '(workdir "/w")
      '(user "1000:1000") '(cap-add "NET_ADMIN") '(cap-drop "ALL") '(stop-grace-period 30)))
    (define web (service "web" '(image "nginx") '(depends-on db 5432) '(depends-on "cache")))
    (define cache (service "cache" '(image "redis")))
    (display (list db (network "back") (volume "data"))) (newline)
    (define stack (compose (network "back" '(subnet "10.5.0.0/24")) (network 'front)
                           (network "mgmt") (volume "data") (list web (list db (list cache)))))
    (display stack)
    (compose-up stack "myproj"))reml"))
      << Rendered();
  EXPECT_EQ(output_, "(#<service:db> #<network:back> #<volume:data>)\n#<compose-spec>");
  ASSERT_TRUE(forms_.request().has_value());
  EXPECT_EQ(forms_.request()->project, "myproj");
  EXPECT_FALSE(forms_.request()->foreground);
  EXPECT_EQ(
      spec().networks,
      (std::vector<NetworkSpec>{{"back", "10.5.0.0/24", {}}, {"front", "", {}}, {"mgmt", "", {}}}));
  EXPECT_EQ(spec().volumes, (std::vector<VolumeSpec>{{"data", {}}}));
  EXPECT_EQ(StartOrder(spec()), (Words{"db", "cache", "web"}));
  const ServiceSpec& db = service("db");
  EXPECT_EQ(db.container.image, "postgres:16");
  EXPECT_EQ(db.networks, (Words{"back", "front", "mgmt"}));
  EXPECT_EQ(EnvOf(db), "A=1 B=two");
  EXPECT_EQ(PortsOf(db), "127.0.0.1:5432 -> 5432/tcp, 127.0.0.1:8080 -> 80/tcp");
  EXPECT_EQ(db.container.cgroup, (CgroupPlan{256_MiB, 50000, 0}));
  EXPECT_EQ(db.container.command, (Words{"sh", "-c", "sleep 9"}));
  EXPECT_EQ(db.container.mounts.mounts(),
            (std::vector<Mount>{{MountKind::kTmpfs, "", "/tmp", false},
                                {MountKind::kVolume, "data", "/var/lib", false},
                                {MountKind::kBind, "/h1", "/c1", false},
                                {MountKind::kBind, "/h2", "/c2", true},
                                {MountKind::kBind, "/h3", "/c3", false}}));
  EXPECT_EQ(db.container.workdir, "/w");
  EXPECT_EQ(db.container.user, "1000:1000");
  EXPECT_EQ(db.container.capabilities, CapabilitySet{Capability::kNetAdmin});
  EXPECT_EQ(db.container.stop_grace_seconds, 30);
  EXPECT_EQ(DependenciesOf(service("web")), "db:5432 cache");
  EXPECT_EQ(service("cache").container.stop_grace_seconds, 10);
}

TEST_F(FormsTest, SizesAndTimesHaveUnits) {
  ASSERT_TRUE(Run(R"reml(
    (define (spec name . options) (apply service name '(image "x") options))
    (define-service d "d" :image "x" :memory "64m" :stop-grace-period "90s")
    (compose-up (compose (list (spec "a" '(memory "1.5g") '(stop-grace-period "30s"))
                               (spec "b" '(memory 512M) '(stop-grace-period 1m30s))
                               (spec "c" '(memory 1048576) '(stop-grace-period 0))
                               d))))reml"))
      << Rendered();
  const auto check = [&](const char* name, uint64_t memory, int grace) {
    EXPECT_EQ(service(name).container.cgroup.memory_bytes, memory) << name;
    EXPECT_EQ(service(name).container.stop_grace_seconds, grace) << name;
  };
  check("a", 1536_MiB, 30);
  check("b", 512_MiB, 90);
  check("c", 1_MiB, 0);
  check("d", 64_MiB, 90);
}

TEST_F(FormsTest, DefineService) {
  ASSERT_TRUE(Run(R"reml(
    (define user "app")
    (define-service api "api"
      :image "img:1" :network "n1" "n2" :env ("USER" . user) ("PORT" . "80") :port (8080 80)
      :port (9000 . 90) :depends-on ("db" 5432) :command "run" "--fast" :volume ("v" "/data")
      :memory "64m" :cap-add "CHOWN" "NET_ADMIN")
    (compose-up (compose (network "n1") (network "n2") api)))reml"))
      << Rendered();
  const ServiceSpec& api = service("api");
  EXPECT_EQ(api.networks, (Words{"n1", "n2"}));
  EXPECT_EQ(EnvOf(api), "USER=app PORT=80");
  EXPECT_EQ(PortsOf(api), "127.0.0.1:8080 -> 80/tcp, 127.0.0.1:9000 -> 90/tcp");
  EXPECT_EQ(DependenciesOf(api), "db:5432");
  EXPECT_EQ(api.container.command, (Words{"run", "--fast"}));
  EXPECT_EQ(api.container.cgroup.memory_bytes, 64_MiB);
  EXPECT_EQ(api.container.capabilities,
            kDefaultCapabilities | CapabilitySet{Capability::kNetAdmin});
  EXPECT_EQ(forms_.request()->project, "");
}

TEST_F(FormsTest, DefineServiceGrouping) {
  ASSERT_TRUE(Run(R"reml(
    (define port-var 9090)
    (define-service s "s" :image "i" :env ("A" "1") ("B" . "2") ("C" . (string-append "x" "y"))
      :port port-var 80 :depends-on ("a" 1) ("b" . 2) ("c" 3) :network "n1" "n2"
      :tmpfs "/a" "/b")
    (compose-up (compose s)))reml"))
      << Rendered();
  const ServiceSpec& s = service("s");
  EXPECT_EQ(EnvOf(s), "A=1 B=2 C=xy");
  EXPECT_EQ(PortsOf(s), "127.0.0.1:9090 -> 80/tcp");
  EXPECT_EQ(DependenciesOf(s), "a:1 b:2 c:3");
  EXPECT_EQ(s.container.mounts.mounts().size(), 2u);  // the original took only the first
}

TEST_F(FormsTest, GeneratedServicesAndHooks) {
  ASSERT_TRUE(Run(R"reml(
    (define (mk i) (service (format "w~a" i) '(image "app") (list 'env "ID" (number->string i))
                            '(depends-on "db")))
    (define n (let ((v (env "NO_SUCH_VAR_XYZ"))) (if (null? v) 3 (string->number v))))
    (on-ready "db" (lambda () (display "db up")))
    (on-ready 'db (lambda () (display "again")))
    (compose-up (compose (network "n") (map mk (iota n 1)) (service "db" '(image "pg")))
                "fan"))reml"))
      << Rendered();
  EXPECT_EQ(StartOrder(spec()), (Words{"db", "w1", "w2", "w3"}));
  EXPECT_EQ(EnvOf(service("w3")), "ID=3");
  ASSERT_EQ(HooksOf("db").size(), 2u);
  EXPECT_TRUE(HooksOf("w1").empty());
  // Hooks are alive, however much was collected since.
  interpreter_.heap().set_stress(true);
  for (const reml::Root& hook : HooksOf("db")) {
    EXPECT_TRUE(interpreter_.Call(hook.get(), {}, diags_).has_value()) << Rendered();
  }
  EXPECT_EQ(output_, "db upagain");
}

TEST_F(FormsTest, ApplyWithGeneratedOptions) {
  ASSERT_TRUE(Run(R"reml(
    (define opts '(("A" . "1") ("B" . "2")))
    (define svc (apply service "x" '(image "i")
                       (map (lambda (p) (list 'env (car p) (cdr p))) opts)))
    (define more (let ((tag (env "NOPE_X"))) (if (null? tag) "latest" tag)))
    (define y (service "y" (list 'image (string-append "repo:" more)) (list 'port 1000 (+ 1 79))))
    (compose-up (compose svc y)))reml"))
      << Rendered();
  EXPECT_EQ(EnvOf(service("x")), "A=1 B=2");
  EXPECT_EQ(service("y").container.image, "repo:latest");
  EXPECT_EQ(PortsOf(service("y")), "127.0.0.1:1000 -> 80/tcp");
}

TEST_F(FormsTest, TheLastComposeUpCounts) {
  ASSERT_TRUE(Run(R"reml(
    (display (compose-up (compose (service "a" '(image "i"))) "one"))
    (display (compose-up (compose (service "b" '(image "i"))) "two" #t)))reml"));
  EXPECT_EQ(output_, "()()");
  EXPECT_EQ(forms_.request()->project, "two");
  EXPECT_TRUE(forms_.request()->foreground);
  EXPECT_EQ(spec().services.size(), 1u);
}

TEST_F(FormsTest, NoComposeUpNoRequest) {
  ASSERT_TRUE(Run("(service 'a '(image \"i\"))"));
  EXPECT_FALSE(forms_.request().has_value());
}

// What the original refused, and this takes.
TEST_F(FormsTest, MoreThanTheOriginal) {
  EXPECT_EQ((With("(env \"N\" 5)"), EnvOf(service("a"))), "N=5");
  EXPECT_EQ((With("(env \"N\" 1.5)"), EnvOf(service("a"))), "N=1.5");
  EXPECT_EQ((With("(env (\"A\" \"1\") (\"B\" . two))"), EnvOf(service("a"))), "A=1 B=two");
  EXPECT_EQ((With("(env \"A\" . \"1\")"), EnvOf(service("a"))), "A=1");
  EXPECT_EQ((With("(depends-on \"b\" \"zz\")"), DependenciesOf(service("a"))), "b zz");
  EXPECT_EQ((With("(depends-on \"b\" 80 \"c\")"), DependenciesOf(service("a"))), "b:80 c");
  EXPECT_EQ((With("(depends-on (\"b\" . 80) (\"c\"))"), DependenciesOf(service("a"))), "b:80 c");
  EXPECT_EQ(With("(tmpfs \"/x\" \"/y\")").mounts.mounts().size(), 2u);
  EXPECT_EQ(With("(command (\"sh\" \"-c\" \"true\"))").command, (Words{"sh", "-c", "true"}));
  EXPECT_EQ(With("(command \"sleep\" 9)").command, (Words{"sleep", "9"}));
  EXPECT_EQ(With("(memory 1048576)").cgroup.memory_bytes, 1_MiB);
  EXPECT_EQ(With("(cpus 0.3)").cgroup.cpu_quota_microseconds, 30000u);
  EXPECT_EQ(With("(user 1000)").user, "1000");
  EXPECT_TRUE(With("(cap-add net-admin)").capabilities.contains(Capability::kNetAdmin));
  EXPECT_EQ(With("(cap-add ALL)").capabilities, CapabilitySet::All());
  EXPECT_EQ(With("(cap-drop kill CHOWN)").capabilities,
            kDefaultCapabilities - CapabilitySet({Capability::kKill, Capability::kChown}));
  EXPECT_EQ((With("(port \"8080:80\")"), PortsOf(service("a"))), "127.0.0.1:8080 -> 80/tcp");
  EXPECT_EQ((With("(port \"0.0.0.0:8080:80\")"), PortsOf(service("a"))), "0.0.0.0:8080 -> 80/tcp");
  EXPECT_EQ((With("(port 8080 80 \"10.0.0.1\")"), PortsOf(service("a"))),
            "10.0.0.1:8080 -> 80/tcp");
  EXPECT_EQ((With("(port (1 2) (3 . 4))"), PortsOf(service("a"))),
            "127.0.0.1:1 -> 2/tcp, 127.0.0.1:3 -> 4/tcp");
  // An option that is not there.
  ASSERT_TRUE(Run("(service 'a '(image \"i\") (if #f '(user \"x\")))")) << Rendered();
  // A service is named by itself, too.
  ASSERT_TRUE(Run("(on-ready (service 'me '(image \"i\")) (lambda () 1))")) << Rendered();
  EXPECT_EQ(HooksOf("me").size(), 1u);
}

TEST_F(FormsTest, TheSpecBehindAValue) {
  ASSERT_TRUE(Run("(define a (service 'a '(image \"i\")))"));
  const ServiceSpec* a = FindServiceSpec(*interpreter_.Find("a"));
  ASSERT_NE(a, nullptr);
  EXPECT_EQ(a->container.image, "i");
  EXPECT_EQ(FindServiceSpec(*interpreter_.Find("car")), nullptr);
}

TEST_F(FormsTest, SpansOfThePartsAreKept) {
  const std::string program =
      "(compose-up (compose (service 'a '(image \"i\") '(network nnn) '(port 1 2)\n"
      "                                 '(volume \"v\" \"/data/\") '(depends-on bbb))))";
  ASSERT_TRUE(Run(program)) << Rendered();
  const ServiceSpec& a = service("a");
  const auto text = [&](Span span) { return program.substr(span.begin, span.end - span.begin); };
  EXPECT_EQ(text(a.container.spans.Find("network", "nnn")), "nnn");
  EXPECT_EQ(text(a.container.spans.Find("port", "0")), "1");
  EXPECT_EQ(text(a.container.spans.Find("mount", "/data")), "\"/data/\"");
  EXPECT_EQ(text(a.container.spans.Find("image")), "\"i\"");
  EXPECT_EQ(text(a.depends_on[0].span), "bbb");
  EXPECT_EQ(text(a.span), "'a");
}

TEST_F(FormsTest, DeepListsAreNoRecursion) {
  EXPECT_TRUE(
      Run("(define (nest n x) (if (= n 0) x (nest (- n 1) (list x))))"
          "(compose (nest 20000 (network 'n)))"))
      << Rendered();
}

TEST(ServiceOptionsTest, EveryRowDescribesItself) {
  for (const ServiceOptionRow& row : ServiceOptions()) {
    EXPECT_EQ(row.shape.substr(0, row.name.size() + 2), absl::StrCat("(", row.name, " "));
    EXPECT_FALSE(row.doc.empty()) << row.name;
  }
}

}  // namespace
}  // namespace pelagos
