#include "pelagos/spec/forms.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "pelagos/reml/interpreter.h"
#include "pelagos/spec/order.h"
#include "pelagos/spec/service_options.h"

namespace pelagos {
namespace {

class FormsTest : public ::testing::Test {
 protected:
  FormsTest() : interpreter_(sources_, {}, HostOf(output_)), forms_(interpreter_) {}

  // Output is kept; no variable of the environment is set.
  static reml::Host HostOf(std::string& output) {
    reml::Host host;
    host.output = [&output](absl::string_view text) { absl::StrAppend(&output, text); };
    host.environment = [](absl::string_view) { return std::optional<std::string>(); };
    return host;
  }
  std::vector<reml::Root> HooksOf(const std::string& service) const {
    std::vector<reml::Root> procedures;
    for (const Hook& hook : forms_.hooks()) {
      if (hook.site.service == service) procedures.push_back(hook.procedure);
    }
    return procedures;
  }

  // Evaluates a program as t.reml. False: diags() says why.
  bool Run(const std::string& program) {
    diags_ = {};
    output_.clear();
    return interpreter_.Evaluate(sources_.Add("t.reml", program), diags_).has_value();
  }
  // The messages of the errors, without those of notes.
  std::vector<std::string> Messages() const {
    std::vector<std::string> messages;
    for (const Diagnostic& diagnostic : diags_.list()) {
      if (diagnostic.severity == Severity::kError) messages.push_back(diagnostic.message);
    }
    return messages;
  }
  // The first error as it is shown.
  std::string Shown(const std::string& program) {
    EXPECT_FALSE(Run(program)) << program;
    return diags_.list().empty() ? "" : Render(sources_, diags_.list().front());
  }
  // What `guard` sees: the message of the first error.
  std::string Caught(const std::string& expression) {
    EXPECT_TRUE(Run("(display (guard (e (#t e)) " + expression + "))")) << Rendered();
    return output_;
  }
  std::string Rendered() const { return Render(sources_, diags_); }

  const ComposeSpec& spec() const { return forms_.request()->spec; }
  const ServiceSpec& service(const std::string& name) const {
    for (const ServiceSpec& service : spec().services) {
      if (service.name == name) return service;
    }
    ADD_FAILURE() << "no service " << name;
    return spec().services.front();
  }
  // A service "a" with an image and one more option, as a datum.
  const ContainerSpec& With(const std::string& option) {
    EXPECT_TRUE(Run("(compose-up (compose (service 'a '(image \"i\") '" + option + ")))"))
        << Rendered();
    return service("a").container;
  }

  SourceMap sources_;
  Diagnostics diags_;
  std::string output_;
  reml::Interpreter interpreter_;
  ComposeForms forms_;
};

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

using Words = std::vector<std::string>;

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

// Messages that programs of the original may test for.
TEST_F(FormsTest, MessagesThatGuardSees) {
  const std::pair<const char*, const char*> rows[] = {
      {"(service 'a)", "service 'a': missing (image ...) option"},
      {"(service)", "service: expected name"},
      {"(service 'a '(image \"x\") '(colour \"red\"))", "service: unknown option 'colour'"},
      {"(service 'a 5)", "service option must be a list, got int"},
      {"(service 'a '(image \"x\") '(env \"N\" (5)))",
       "env value: expected string or symbol, got pair"},
      {"(service 'a '(image \"x\") '(port 70000 1))", "port host: port out of range"},
      {"(service 'a '(image \"x\") '(port 1 70000))", "port container: port out of range"},
      {"(service 'a '(image \"x\") '(port \"zz\" 1))", "port host: invalid port 'zz'"},
      {"(service 'a '(image \"x\") '(port #t 1))", "port host: expected integer port"},
      {"(service 'a '(image 5))", "image: expected string or symbol, got int"},
      {"(service 5 '(image \"x\"))", "service: expected string or symbol, got int"},
      {"(service 'a '(image \"x\") '(stop-grace-period -1))",
       "stop-grace-period: value out of range"},
      {"(service 'a '(image \"x\") '(stop-grace-period \"1\"))",
       "stop-grace-period: expected a non-negative integer"},
      {"(service 'a '(image \"x\") '(healthcheck \"x\"))", "service: unknown option 'healthcheck'"},
      {"(compose 5)", "compose: unexpected value 5 (int)"},
      {"(compose-up 5)", "compose-up: expected compose-spec, got int"},
      {"(compose-up)", "compose-up: expected a compose spec"},
      {"(on-ready \"a\" 5)", "on-ready: second argument must be a procedure, got int"},
      {"(network)", "network: expected name"},
      {"(volume 7)", "volume: expected string or symbol, got int"},
      {"(service 'a '(image \"x\") '(volume \"v\"))", "volume mount_path: missing value"},
      {"(service 'a '(image \"x\") '(depends-on \"b\" #t))",
       "depends-on: optional second arg must be a port number"},
      {"(service 'a '(image \"x\") '(depends-on \"b\" \"5432\"))",
       "depends-on: optional second arg must be a port number"},
      {"(service 'a '(image \"x\") '(env))", "env key: missing value"},
      {"(service 'a '(image \"x\") '(port 80))",
       "port: expected two values, HOST and CONTAINER, got 1"},
      {"(begin (define-service s \"s\" :image \"i\" :env) 1)", "env key: missing value"},
      {"(begin (define-service s \"s\") 1)", "service 's': missing (image ...) option"},
      {"(begin (define-service s \"s\" :image \"i\" :ready-port 80) 1)",
       "service: unknown option 'ready-port'"},
  };
  for (const auto& [expression, message] : rows) EXPECT_EQ(Caught(expression), message);
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

// Every mistake is shown, each where it stands.
TEST_F(FormsTest, AllMistakesAtOnce) {
  EXPECT_FALSE(Run(R"reml((service 'a
  '(image "")
  '(prot 80 80)
  '(port 0 80 "localhost")
  '(memory "64")
  '(cap-add net-admim)
  '(workdir "app" "x")
  '(tmpfs "/proc/x")
  '(env "A=B" "c")))reml"));
  EXPECT_EQ(Rendered(), R"(t.reml:2:11: error: image: must not be empty
2 |   '(image "")
  |           ^^ expected (image REFERENCE)
t.reml:3:5: error: service: unknown option 'prot'
3 |   '(prot 80 80)
  |     ^^^^ did you mean 'port'?
t.reml:4:10: error: port host: port out of range
4 |   '(port 0 80 "localhost")
  |          ^ a port is 1 to 65535
t.reml:4:15: error: port address: 'localhost' is no IPv4 address
4 |   '(port 0 80 "localhost")
  |               ^^^^^^^^^^^ expected (port HOST CONTAINER [ADDRESS])
t.reml:5:12: error: memory: '64' must be at least 512k
5 |   '(memory "64")
  |            ^^^^ did you mean '64m'?
t.reml:6:13: error: cap-add: unknown capability 'net-admim'
6 |   '(cap-add net-admim)
  |             ^^^^^^^^^ did you mean 'net-admin'?
t.reml:7:13: error: workdir: 'app' must be an absolute path
7 |   '(workdir "app" "x")
  |             ^^^^^ expected (workdir PATH)
t.reml:7:19: error: workdir: unexpected value "x"
7 |   '(workdir "app" "x")
  |                   ^^^ expected (workdir PATH)
t.reml:8:11: error: tmpfs: '/proc/x' is in /proc, which is the container's own
8 |   '(tmpfs "/proc/x")
  |           ^^^^^^^^^ expected (tmpfs PATH...)
t.reml:9:9: error: env key: 'A=B' must not contain '='
9 |   '(env "A=B" "c"))
  |         ^^^^^ key and value are two values: (env "KEY" "VALUE")
)");
}

TEST_F(FormsTest, PlacesOfDefineService) {
  EXPECT_EQ(Shown("(define-service s \"s\"\n  :image \"i\"\n  :memory \"64x\")"),
            R"(t.reml:3:11: error: memory: '64x' is not a size
3 |   :memory "64x")
  |           ^^^^^ expected a number of bytes, or one with k, m or g: "512m", "1.5g"
)");
  EXPECT_EQ(Shown("(define-service s \"s\"\n  :image \"i\"\n  :env (\"A\"))"),
            R"(t.reml:3:3: error: env value: missing value
3 |   :env ("A"))
  |   ^^^^^^^^^ expected (env KEY VALUE)
)");
}

TEST_F(FormsTest, OtherForms) {
  EXPECT_EQ(Shown("(network 'n '(subnet \"10.5.0.1/24\"))"),
            "t.reml:1:22: error: subnet: '10.5.0.1/24' has bits set beyond its prefix\n"
            "1 | (network 'n '(subnet \"10.5.0.1/24\"))\n"
            "  |                      ^^^^^^^^^^^^^ expected (subnet \"10.5.0.0/24\")\n");
  EXPECT_EQ(Caught("(network 'n '(driver \"x\"))"), "network: unknown option 'driver'");
  EXPECT_EQ(Caught("(volume 'v '(size 5))"), "volume: unexpected value (size 5)");
  EXPECT_EQ(Caught("(volume \"../etc\")"),
            "volume: name '../etc' must begin with a letter or digit");
  EXPECT_EQ(Caught("(service \"a b\" '(image \"i\"))"),
            "service: name 'a b' may have only letters, digits, '_', '.' and '-'");
  EXPECT_EQ(Caught("(compose-up (compose) \"a/b\")"),
            "compose-up: project 'a/b' may have only letters, digits, '_', '.' and '-'");
  EXPECT_EQ(Caught("(service 'a '(image \"i\" \"j\"))"), "image: unexpected value \"j\"");
  EXPECT_EQ(Caught("(service 'a :image \"i\")"), "service option must be a list, got symbol");
  EXPECT_FALSE(Run("(compose 5 (list 6 (list \"x\")))"));
  EXPECT_EQ(Messages(),
            (Words{"compose: unexpected value 5 (int)", "compose: unexpected value 6 (int)",
                   "compose: unexpected value \"x\" (string)"}));
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
