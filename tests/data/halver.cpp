// A VST3 effect that halves what it hears, times its one parameter: as small as the interface allows, for the tests of hosting.
// Written from the published binary interface; no SDK is needed to build it: g++ -shared -fPIC -O1 -o Halver.so halver.cpp
#include <cstdint>
#include <cstring>
#include <cstdlib>

typedef int32_t result;
typedef char TUID[16];
enum : result { ok = 0, no = 1, no_interface = -1 };
#define API extern "C" __attribute__((visibility("default")))

#define ID(a, b, c, d) {char(a >> 24), char(a >> 16), char(a >> 8), char(a), char(b >> 24), char(b >> 16), char(b >> 8), char(b), \
                        char(c >> 24), char(c >> 16), char(c >> 8), char(c), char(d >> 24), char(d >> 16), char(d >> 8), char(d)}
static const TUID unknown_id = ID(0x00000000u, 0x00000000u, 0xC0000000u, 0x00000046u);
static const TUID base_id = ID(0x22888DDBu, 0x156E45AEu, 0x8358B348u, 0x08190625u);
static const TUID factory_id = ID(0x7A4D811Cu, 0x52114A1Fu, 0xAED9D2EEu, 0x0B43BF9Fu);
static const TUID component_id = ID(0xE831FF31u, 0xF2D54301u, 0x928EBBEEu, 0x25697802u);
static const TUID processor_id = ID(0x42043F99u, 0xB7DA453Cu, 0xA569E79Du, 0x9AAEC33Du);
static const TUID controller_id = ID(0xDCD7BBE3u, 0x7742448Du, 0xA874AACCu, 0x979C759Eu);
static const TUID class_id = ID(0x4D656C6Fu, 0x64795465u, 0x73744861u, 0x6C766572u);
static bool same(const char* a, const TUID b) { return memcmp(a, b, 16) == 0; }

struct FactoryInfo { char vendor[64], url[256], email[128]; int32_t flags; };
struct ClassInfo { TUID cid; int32_t cardinality; char category[32], name[64]; };
struct BusInfo { int32_t media, direction, channels; char16_t name[128]; int32_t type; uint32_t flags; };
struct Setup { int32_t mode, size, largest; double rate; };
struct Buffers { int32_t channels; uint64_t silence; float** sound; };
struct ParameterInfo { uint32_t id; char16_t title[128], brief[128], units[128]; int32_t steps; double usual; int32_t unit, flags; };

struct Unknown {
    virtual result query(const char* iid, void** out) = 0;
    virtual uint32_t add() = 0;
    virtual uint32_t release() = 0;
};
struct Queue : Unknown {
    virtual uint32_t parameter() = 0;
    virtual int32_t points() = 0;
    virtual result point(int32_t at, int32_t& offset, double& value) = 0;
    virtual result add_point(int32_t offset, double value, int32_t& at) = 0;
};
struct Changes : Unknown {
    virtual int32_t count() = 0;
    virtual Queue* queue(int32_t at) = 0;
    virtual Queue* add_queue(const uint32_t& id, int32_t& at) = 0;
};
struct Stream : Unknown {
    virtual result read(void* into, int32_t bytes, int32_t* done) = 0;
    virtual result write(void* from, int32_t bytes, int32_t* done) = 0;
};
struct Block { int32_t mode, size, frames, ins, outs; Buffers *in, *out; Changes *changes, *made; void *events, *events_out, *context; };

struct Base : Unknown { virtual result initialize(Unknown*) = 0; virtual result terminate() = 0; };
struct Component : Base {
    virtual result controller_class(TUID) = 0;
    virtual result io_mode(int32_t) = 0;
    virtual int32_t buses(int32_t media, int32_t direction) = 0;
    virtual result bus(int32_t media, int32_t direction, int32_t at, BusInfo&) = 0;
    virtual result routing(void*, void*) = 0;
    virtual result activate_bus(int32_t, int32_t, int32_t, uint8_t) = 0;
    virtual result active(uint8_t) = 0;
    virtual result set_state(Stream*) = 0;
    virtual result get_state(Stream*) = 0;
};
struct Processor : Unknown {
    virtual result arrange(uint64_t*, int32_t, uint64_t*, int32_t) = 0;
    virtual result arrangement(int32_t direction, int32_t at, uint64_t&) = 0;
    virtual result can_process(int32_t size) = 0;
    virtual uint32_t latency() = 0;
    virtual result setup(Setup&) = 0;
    virtual result processing(uint8_t) = 0;
    virtual result process(Block&) = 0;
    virtual uint32_t tail() = 0;
};
struct Controller : Base {
    virtual result set_component_state(Stream*) = 0;
    virtual result set_state(Stream*) = 0;
    virtual result get_state(Stream*) = 0;
    virtual int32_t parameters() = 0;
    virtual result info(int32_t at, ParameterInfo&) = 0;
    virtual result text(uint32_t, double, char16_t*) = 0;
    virtual result value(uint32_t, char16_t*, double&) = 0;
    virtual double to_plain(uint32_t, double) = 0;
    virtual double to_normal(uint32_t, double) = 0;
    virtual double get(uint32_t) = 0;
    virtual result set(uint32_t, double) = 0;
    virtual result handler(Unknown*) = 0;
    virtual void* view(const char*) = 0;
};

static void put(char16_t* to, const char* text) { do *to++ = *text; while (*text++); }

// One object for the sound and one for the host's hands, as hosts like it best.
struct Counted { uint32_t count = 1; double level = 1.0;  };
#define COUNTING uint32_t add() override { return ++count; } \
                 uint32_t release() override { uint32_t left = --count; if (!left) delete this; return left; }

static const TUID controller_class_id = ID(0x4D656C6Fu, 0x64795465u, 0x73744861u, 0x6E647321u);

struct Halver final : Component, Processor, Counted {
    COUNTING
    result query(const char* iid, void** out) override {
        if (same(iid, unknown_id) || same(iid, base_id) || same(iid, component_id)) *out = static_cast<Component*>(this);
        else if (same(iid, processor_id)) *out = static_cast<Processor*>(this);
        else { *out = nullptr; return no_interface; }
        add();
        return ok;
    }
    result initialize(Unknown*) override { return ok; }
    result terminate() override { return ok; }
    result controller_class(TUID id) override { memcpy(id, controller_class_id, 16); return ok; }
    result io_mode(int32_t) override { return ok; }
    int32_t buses(int32_t media, int32_t) override { return media == 0; }
    result bus(int32_t media, int32_t direction, int32_t at, BusInfo& info) override {
        if (media || at) return no;
        info = BusInfo{0, direction, 2, {}, 0, 1};
        put(info.name, direction ? "out" : "in");
        return ok;
    }
    result routing(void*, void*) override { return no; }
    result activate_bus(int32_t, int32_t, int32_t, uint8_t) override { return ok; }
    result active(uint8_t) override { return ok; }
    result set_state(Stream* s) override { return s->read(&level, sizeof level, nullptr); }
    result get_state(Stream* s) override { return s->write(&level, sizeof level, nullptr); }
    result arrange(uint64_t* in, int32_t ins, uint64_t* out, int32_t outs) override {
        return ins == 1 && outs == 1 && *in == 3 && *out == 3 ? ok : no;
    }
    result arrangement(int32_t, int32_t, uint64_t& a) override { a = 3; return ok; }
    result can_process(int32_t size) override { return size ? no : ok; }
    uint32_t latency() override { return 0; }
    result setup(Setup&) override { return ok; }
    result processing(uint8_t) override { return ok; }
    result process(Block& block) override {
        for (int32_t at = 0; block.changes && at < block.changes->count(); at++) {
            Queue* queue = block.changes->queue(at);
            int32_t offset;
            if (queue && queue->points() > 0) queue->point(queue->points() - 1, offset, level);
        }
        for (int32_t side = 0; block.ins && block.outs && side < block.out->channels; side++)
            for (int32_t frame = 0; frame < block.frames; frame++)
                block.out->sound[side][frame] = float(0.5 * level) * block.in->sound[side][frame];
        return ok;
    }
    uint32_t tail() override { return 0; }
};

struct Hands final : Controller, Counted {
    COUNTING
    result query(const char* iid, void** out) override {
        if (!(same(iid, unknown_id) || same(iid, base_id) || same(iid, controller_id))) { *out = nullptr; return no_interface; }
        *out = static_cast<Controller*>(this);
        add();
        return ok;
    }
    result initialize(Unknown*) override { return ok; }
    result terminate() override { return ok; }
    result set_component_state(Stream* s) override { return s->read(&level, sizeof level, nullptr); }
    result set_state(Stream*) override { return ok; }
    result get_state(Stream*) override { return ok; }
    int32_t parameters() override { return 1; }
    result info(int32_t at, ParameterInfo& info) override {
        if (at) return no;
        info = ParameterInfo{7, {}, {}, {}, 0, 1.0, 0, 1};
        put(info.title, "Level");
        put(info.brief, "Level");
        return ok;
    }
    result text(uint32_t, double value, char16_t* out) override {
        int hundredths = int(value * 100 + 0.5);
        const char digits[] = {char('0' + hundredths / 100), '.', char('0' + hundredths / 10 % 10), char('0' + hundredths % 10), 0};
        put(out, digits);
        return ok;
    }
    result value(uint32_t, char16_t* text, double& value) override {
        char plain[32] = {};
        for (int at = 0; at < 31 && text[at]; at++) plain[at] = char(text[at]);
        value = atof(plain);
        return ok;
    }
    double to_plain(uint32_t, double value) override { return value; }
    double to_normal(uint32_t, double value) override { return value; }
    double get(uint32_t) override { return level; }
    result set(uint32_t, double value) override { level = value; return ok; }
    result handler(Unknown*) override { return ok; }
    void* view(const char*) override { return nullptr; }
};

struct Factory final : Unknown {
    result query(const char* iid, void** out) override {
        if (!(same(iid, unknown_id) || same(iid, factory_id))) { *out = nullptr; return no_interface; }
        *out = this;
        return ok;
    }
    uint32_t add() override { return 1; }
    uint32_t release() override { return 1; }
    virtual result about(FactoryInfo* info) { *info = FactoryInfo{"tests", "", "", 16}; return ok; }
    virtual int32_t classes() { return 2; }
    virtual result about_class(int32_t at, ClassInfo* info) {
        *info = ClassInfo{{}, 0x7FFFFFFF, "", ""};
        memcpy(info->cid, at ? controller_class_id : class_id, 16);
        strcpy(info->category, at ? "Component Controller Class" : "Audio Module Class");
        strcpy(info->name, "Halver");
        return ok;
    }
    virtual result create(const char* cid, const char* iid, void** out) {
        *out = nullptr;
        if (same(cid, class_id)) { auto* made = new Halver; result r = made->query(iid, out); made->release(); return r; }
        if (same(cid, controller_class_id)) { auto* made = new Hands; result r = made->query(iid, out); made->release(); return r; }
        return no;
    }
};

API Unknown* GetPluginFactory() { static Factory one; return &one; }
API bool ModuleEntry(void*) { return true; }
API bool ModuleExit() { return true; }
