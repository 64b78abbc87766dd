mock "tfconfig/v2" {
  module {
    source = "mocks/fail-registry-config.sentinel"
  }
}

import "module" "report" {
  source = "../../../../modules/report/report.sentinel"
}

test {
  rules = {
    main = false
  }
}
