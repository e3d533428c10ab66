// A second unit of one program: whatever the headers define twice would be seen when they are linked.

#include <mediaseal.hpp>

#include <mediaseal/grants.hpp>
#include <mediaseal/libwebrtc.hpp>
#include <mediaseal/packet_observer.hpp>
#include <mediaseal/recordings.hpp>

std::size_t octets_of_what_another_unit_seals(mediaseal::encryptor& sealing);

std::size_t octets_of_what_another_unit_seals(mediaseal::encryptor& sealing) { return sealing.encrypt("frame").size(); }
